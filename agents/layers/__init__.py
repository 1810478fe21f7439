"""Layers of P networks at once: linear, convolution, norms, spectral norm."""
