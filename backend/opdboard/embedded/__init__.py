"""Everything on one machine from one command: web server and worker as child processes, and the demo on top of them."""
