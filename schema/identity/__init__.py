"""Log-ins and tokens, as clients see them."""
