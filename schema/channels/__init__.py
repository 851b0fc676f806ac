"""Channels for clients."""
