"""The ledger: append-only files of lines, claims of runs, and the state computed from the lines."""
