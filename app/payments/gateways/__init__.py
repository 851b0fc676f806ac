"""Adapters of the payment port, one file each."""
