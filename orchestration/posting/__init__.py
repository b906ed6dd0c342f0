"""Posting: what is missing goes to Sage exactly once, and is proven to be there."""
