"""Delivery: the ways in which goods reach their customer, what each costs and how long it takes.

Invariants: a channel offers a delivery method only where it has an option for it; no option costs less than nothing.
"""
