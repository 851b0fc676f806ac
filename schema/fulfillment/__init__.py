"""The work of locations and their shipments, as clients see and do them."""
