"""SQL storage: tables, sessions, and the repositories, which are the only place with queries."""
