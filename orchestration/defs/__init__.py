"""Dagster, at the edge: each asset is a few lines between a resource and a room."""
