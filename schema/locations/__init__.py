"""Locations for clients: stores with their hours and stock, and warehouses."""
