"""The work of locations: made from a plan, picked, packed, shipped or refused.

Invariants: the work on an order line is its allocated and fulfilled units; one piece of work is one location and one
delivery method; no unit leaves before it is packed, is packed before it is picked, or is picked before it is given.
"""
