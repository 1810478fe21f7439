"""What planning a few trials over long ranges of whole numbers costs beside short ones.

    python -m benchmarks.sweeper.long_ranges [trials=4] [repeats=5]

For each sampler, for one axis and for four, prints the CPU milliseconds (medians) of loading a
space and planning its trials where the axes run from 0 to 100 and where they run from 0 to 99,999,
measured in turns in one process, and their ratio.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path

import optuna
import yaml

from sweeper.ledger.writer import Writer
from sweeper.planning.loading import load
from sweeper.space.samplers import ADAPTIVE, SAMPLERS
from sweeper.study import studies
from sweeper.study.sampling.advisor import Advisor

SHORT, LONG = 100, 99_999


def planned(folder: Path, sampler: str, axes: int, high: int, trials: int) -> float:
    """CPU milliseconds of loading the space, starting its study and planning all its trials."""
    (folder / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    space = {
        "study": "long",
        "function": "f.py:train",
        "axes": {f"x{n}": {"kind": "int", "low": 0, "high": high} for n in range(axes)},
        "tasks": {"line": {"low": 0, "high": 1}},
        "seeds": 1,
        "steps": 1,
        "score": {"metric": "value"},
        "sampler": sampler,
        "trials": trials,
    }
    (folder / "s.yaml").write_text(yaml.safe_dump(space))
    before = time.process_time()
    started = studies.start(folder / "study", load(folder / "s.yaml"))
    if sampler in ADAPTIVE:
        ledger_state = started.ledger_state(reports=False)
        Advisor(started, ledger_state, Writer(started.paths.ledger, "w", {})).plan(trials)
        started.refresh()
    assert len(started.plan.trials) == trials
    return 1e3 * (time.process_time() - before)


def measured(sampler: str, axes: int, high: int, trials: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return planned(Path(folder), sampler, axes, high, trials)


def main(trials: str = "4", repeats: str = "5") -> None:
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(f"| date | sampler | axes | 0 to {SHORT}, ms | 0 to {LONG:,}, ms | ratio |")
    print("|---|---|---|---|---|---|")
    for sampler in SAMPLERS:
        for axes in (1, 4):
            if sampler == "grid" or (sampler == "cmaes" and axes == 1):
                continue  # a grid writes its values out; cmaes needs two ranges
            measured(sampler, axes, SHORT, int(trials))  # imports
            times: dict[int, list[float]] = {SHORT: [], LONG: []}
            for _ in range(int(repeats)):
                for high, found in times.items():
                    found.append(measured(sampler, axes, high, int(trials)))
            short, long = (statistics.median(found) for found in times.values())
            print(
                f"| {date.today()} | {sampler} | {axes} | {short:.0f} | {long:.0f} "
                f"| {long / short:.2f} |"
            )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
