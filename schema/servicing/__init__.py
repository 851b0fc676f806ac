"""What is asked for a placed order."""
