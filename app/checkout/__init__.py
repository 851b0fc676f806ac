"""Checkout: the attempt that turns a cart into an order.

Three phases: price, source and reserve in one transaction; ask the gateway with none open; record, promise and place in
another. One live attempt per cart holds the snapshot that the order is built from. Whatever dies in between is finished
by the client's retry with the same key, or by the worker.
"""
