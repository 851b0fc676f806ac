"""Prices: lists of them, which channel sells by which, and what one unit costs there.

Invariants: a price list and the channels that sell by it have one currency; a list price is above the price.
"""
