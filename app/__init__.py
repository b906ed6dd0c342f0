"""What people see: pages, and the plain reports behind the command line. Reads published only."""
