"""Transfers: goods on their way between locations."""
