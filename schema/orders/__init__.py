"""Orders as clients see them."""
