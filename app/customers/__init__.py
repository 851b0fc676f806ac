"""Customers: the parties that buy, and their address books.

Invariants: an e-mail address belongs to one customer; a log-in is one customer at most; what a guest ordered joins a
customer only once their e-mail address is verified, so registering never shows what others did under the same address.
"""
