"""Store pickups, as customers and associates see and do them."""
