"""The demo's world on Sage 50: the same five stores, and a connector that imports each till's day as one, badly."""
