"""Why an order was routed as it was."""
