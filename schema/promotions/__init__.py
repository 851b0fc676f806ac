"""What promotions take off, for clients."""
