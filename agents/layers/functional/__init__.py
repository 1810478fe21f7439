"""Functions of tensors that layers are made of; no bit depends on the pack."""
