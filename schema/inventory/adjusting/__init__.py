"""Corrections by hand, moves between buckets, and goods received without an order."""
