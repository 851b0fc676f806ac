"""Implementations of the ports of identity; the doors choose."""
