"""Returns: goods that customers give back, under a number, at any of our locations.

Invariants: of a line no more comes back than the customer was given; what is given back for its units, in however many
returns and receipts, adds up to what was paid for them; a delivery is given back once.
"""
