"""What stands behind opdboard.reporter: checks of what is logged, what waits for the server, and how it is sent."""
