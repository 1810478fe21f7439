"""How the steps of a replay are kept, in memory or in files, and where episodes end."""
