"""Reference records of what is sold: categories, collections, products and their variants.

Invariants: a SKU names one variant for ever; what is named anywhere is archived, never deleted; categories make a tree.
"""
