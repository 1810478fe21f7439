"""Tensor functions that layers are made of; their results are bit-identical in any pack."""
