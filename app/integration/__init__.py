"""What comes in from other systems: files of products, stores and stock.

Invariants: a row is taken or its refusal is told, never lost in silence; importing a file twice changes nothing the second
time; one bad row never costs its neighbors.
"""
