"""How a worker trains what it holds, and what it keeps and scores of it."""
