"""Stock: what is where, what of it is promised, and the ledger of every unit that came or went.

Invariants: a level never promises more than it has; every bucket is the sum of its movements; every counter is the sum
of its open reservations. The only writers of a level are the events of app/inventory/service.py.
"""
