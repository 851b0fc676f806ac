"""Stock levels and their ledger, now and at any past moment."""
