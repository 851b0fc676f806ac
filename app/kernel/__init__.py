"""The ground floor: what every domain stands on, and nothing that names a commerce thing.

Invariants: this package imports nothing of ours; the only `commit` of the house is in `db`; the clock is read in the
doors alone and handed in; every id, amount and refusal of the house is made of the types found here.
"""
