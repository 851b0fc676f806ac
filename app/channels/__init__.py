"""Where we sell: web shop, app, a store's till, a marketplace.

Invariants: there is at most one default channel; a channel's currency never changes.
"""
