import { ApiError } from "~/api/client";
import { ErrorBox, Problem } from "~/components/ErrorBox";
import { type FieldProblem, fieldId, pathInWords, sentence } from "~/lib/formErrors";
import classes from "./LaunchPage.module.css";

/** What the server refused, with a way to each field. */
export function ErrorSummary({ error, problems }: { error: Error; problems: readonly FieldProblem[] }) {
  if (!(error instanceof ApiError) || error.fields.length === 0) {
    return <ErrorBox title="The run was not launched" error={error} />;
  }
  if (problems.length === 0) return null;
  const title = problems.length === 1 ? "One value was refused" : `${problems.length} values were refused`;
  return (
    <div data-testid="error-summary">
      <Problem title={title} detail={`Change ${problems.length === 1 ? "it" : "them"} and launch again.`}>
        <ul className={classes.problems}>
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              {problem.path !== "" && (
                <button type="button" onClick={() => focusField(problem.path)}>
                  {pathInWords(problem.path)}
                </button>
              )}
              <span>{sentence(problem.message)}</span>
            </li>
          ))}
        </ul>
      </Problem>
    </div>
  );
}

function focusField(path: string) {
  const id = fieldId(path);
  const field = document.getElementById(id) ?? document.getElementById(`${id.replace(/_kind$/, "")}-section`);
  field?.scrollIntoView({ block: "center", behavior: "smooth" });
  field?.focus({ preventScroll: true });
}
