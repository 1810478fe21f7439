"""Replay buffers and the batches drawn from them."""
