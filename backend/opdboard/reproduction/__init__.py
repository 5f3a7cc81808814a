"""The paper's phenomena on the demo task: runs, analyses, and a report that sets its claims beside what was measured."""
