"""Sourcing: which location supplies what, decided by pure rules and stored with everything that was weighed.

Invariants: a decision names its rule and version, and the same inputs give the same decision again.
"""
