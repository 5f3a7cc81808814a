"""Taking things away: figures, tables and reports, all through the REST API."""
