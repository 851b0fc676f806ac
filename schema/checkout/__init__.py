"""The one mutation that turns a cart into an order."""
