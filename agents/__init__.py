"""Deep reinforcement learning for packs of agents: one file per agent, body or environment."""
