"""Safety stock: set for a level, or by rule."""
