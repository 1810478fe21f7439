"""Deep reinforcement learning with a leading member axis: one file an agent, a body, an environment."""
