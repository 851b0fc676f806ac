"""Carts, as clients see and change them."""
