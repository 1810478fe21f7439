"""Claims and ends of runs, and the folders and packed files in which they stand."""
