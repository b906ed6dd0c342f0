"""Alembic's folder: every shape the operations store has had, in order."""
