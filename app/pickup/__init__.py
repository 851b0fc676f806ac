"""Store pickup: slots, the notice that goods are ready, the hand-over against a code, and what was not collected.

Invariants: a pickup and its work are in states that go together; a code is derived, kept as a keyed hash, unique at the
counter of a store, and void after five wrong attempts; a slot never has more takers than places.
"""
