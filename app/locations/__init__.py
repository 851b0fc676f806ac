"""Reference records of the places that hold or hand out stock: stores, warehouses, suppliers.

Invariants: a store has an address; a location that is named anywhere is archived, never deleted.
"""
