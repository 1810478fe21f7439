"""The ledger: files of lines, claims, and the state that they add up to."""
