"""What cells share: their colours, and what stands in them."""
