"""Reconciliation: settlement reports of payment services beside the ledger."""
