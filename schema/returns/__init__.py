"""Returns, as clients see and change them."""
