"""Counts: what people found on the shelves."""
