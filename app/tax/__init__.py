"""Tax: one rate per channel and country of destination, inclusive or exclusive as the channel says.

Invariants: no tax is below zero; an inclusive tax is a part of its amount.
"""
