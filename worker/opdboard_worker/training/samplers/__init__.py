"""Who samples the student's responses, behind one protocol; each file says whose it is."""
