"""Customers and their address books, as clients see them."""
