"""Snapshots: caches of what is final in a ledger."""
