"""Models: loading them from wherever they are, checking pairs, and the demo pair."""
