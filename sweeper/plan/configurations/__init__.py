"""Every configuration of a space: its axes combined, constrained, in order or drawn."""
