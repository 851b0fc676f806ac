"""Payments: what is owed and paid, one row per tender, with a ledger of every step asked of a gateway.

Invariants: balances are sums of the ledger; refunded ≤ captured ≤ authorized; no gateway is called while a transaction is
open; every step goes out under its own idempotency key, so that a lost answer can be asked for again.
"""
