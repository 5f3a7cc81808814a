"""What was found of a pair and its data before any step: of a run, or of a configuration that is asked about."""
