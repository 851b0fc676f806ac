"""What is expected: purchase orders, supply, and backorders."""
