"""Rules of importing: files become rows, rows become products, stores and stock, and what cannot be taken is named.

Invariants: nothing here knows a database; no row is lost in silence, it is taken or it is a problem with its line number;
no price ever passes through a binary float; the same file gives the same rows, in whatever order its lines come.
"""
