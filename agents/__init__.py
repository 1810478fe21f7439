"""Deep reinforcement learning for packs of agents: one file an agent, a body, an environment."""
