"""The run that every tool repeats: it sleeps WORK_S seconds and returns a number.

    python work.py X Y SEED

It appends a line to the file WORK_LOG when it begins and another when it has ended.
"""

from __future__ import annotations

import os
import sys
import time

XS = range(5)
YS = range(int(os.environ.get("WORK_YS", "5")))
SEEDS = range(4)


def work(x: int, y: int, seed: int) -> float:
    """The score of a run."""
    tell("begin", x, y, seed)
    time.sleep(float(os.environ["WORK_S"]))
    tell("end", x, y, seed)
    return x + y + seed / 10


def tell(*words: object) -> None:
    """Appends a line to the log: the words, this process and the time."""
    line = " ".join(map(str, [*words, os.getpid(), f"{time.time():.4f}"]))
    with open(os.environ["WORK_LOG"], "a") as log:
        log.write(f"{line}\n")


if __name__ == "__main__":
    print(work(*map(int, sys.argv[1:4])))
