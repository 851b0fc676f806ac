"""Money as clients see it."""
