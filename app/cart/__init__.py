"""The cart: what a shopper intends, freely changed until it is ordered, and what it costs right now.

Invariants: a cart is changed under its own lock and its version rises once with every change; no line stands twice; a
customer has one active cart per channel; a guest's cart ends some day, and is expired for everybody from that moment;
prices are today's at every read, and the parts of a total add up to it.
"""
