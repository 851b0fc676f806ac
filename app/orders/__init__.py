"""Orders: the agreement with the customer, prices frozen at placement, and what has become of each unit.

Invariants: ordered = cancelled + unallocated + backordered + allocated + fulfilled on every line; every status of the
header is computed from quantities and money by one function, in the transaction that changes them.
"""
