"""Mathematical answers as people and models write them: found in a text, read into forms, compared exactly."""
