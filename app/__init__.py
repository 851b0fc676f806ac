"""The shop: domains on their floors, and the doors through which processes enter."""
