"""The configurations of a space: valid combinations of axis values, as a grid or sampled."""
