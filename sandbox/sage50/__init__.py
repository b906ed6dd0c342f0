"""A Sage 50 company on this machine: it imports audit-trail files by Sage's rules and exports its tables as CSV.

Everything is in one SQLite file; `python -m sandbox.sage50 --help` shows what can be done with it. It shares no code
with the product, so that neither can hide the other's mistakes.
"""
