"""Tills: what drops into the watched folders, read by profiles, kept in landing."""
