"""Lines of the ledger: their kinds as values, and their encoding as bytes."""
