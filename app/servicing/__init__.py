"""What happens to a placed order on somebody's wish.

Invariants: what has left is never cancelled, it is returned; stock, work, pickups and money change in one transaction.
"""
