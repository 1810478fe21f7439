"""Gradient descent with momentum on a parabola whose gradients are noisy."""

import random


def train(config, run):
    noise = random.Random(f"{run.seed} {run.task}")
    x, velocity = 3.0, 0.0
    for step in range(1, run.steps + 1):
        gradient = 2 * x + noise.gauss(0, 1)
        velocity = config["momentum"] * velocity - config["lr"] * gradient
        x += velocity
        if step % 10 == 0:
            run.report(step, value=-x * x)
    return -x * x
