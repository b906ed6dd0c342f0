"""A Sage 200 on this machine: HTTP outside, double entry inside, one SQLite file, switchable faults."""
