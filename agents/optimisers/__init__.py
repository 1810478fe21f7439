"""Optimisers, one file each: what turns gradients into steps of the parameters of P members."""
