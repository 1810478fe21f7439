"""Training: the loop of a pack, its episodes and its evaluation."""
