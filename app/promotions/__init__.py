"""Promotions: rules that take something off goods or delivery, by a code or by themselves.

Invariants: the parts of a discount add up to it; nothing is ever taken below zero; the same goods in whatever order are
given the same discounts.
"""
