"""Invoices and credit notes as clients see them."""
