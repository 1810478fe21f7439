"""A worker: takes runs, trains them as packs, records them."""
