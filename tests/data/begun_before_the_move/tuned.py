"""A parabola in x, whose top is at 0.5, with a little noise."""

import time


def train(config, run):
    value = 0.0
    for step in range(1, 11):
        value = (
            1.0 - (config["x"] - 0.5) ** 2 - 0.1 * config["knobs"] + 0.01 * (run.seed + step % 2)
        )
        run.report(step, value=value)
        time.sleep(0.05)
    return value
