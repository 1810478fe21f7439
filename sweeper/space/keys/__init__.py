"""The keys of a space: what may be done with each, and its rule."""
