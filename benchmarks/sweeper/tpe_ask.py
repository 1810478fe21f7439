"""What it costs to ask TPE for a packful of trials, beside Optuna's ask in memory alone.

    python -m benchmarks.sweeper.tpe_ask [packful=8] [repeats=5]

Prints a row for docs/measured.md for 1,000 and 10,000 ended trials of four ranges: milliseconds a
trial by Optuna in memory (`Study.ask` and four `suggest_float`), and by the advisor as a worker
calls it (feeding, asking, checking, writing and linking the packful; once its memory is filled,
whose time is given too).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import optuna
import yaml

from sweeper.ledger.writer import Writer
from sweeper.planning.configurations.sequences import at
from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.sampling import proposals
from sweeper.study.sampling.advisor import Advisor
from sweeper.study.sampling.proposals import Proposal
from sweeper.study.study import Study
from sweeper.worker.held_run import RunEnd
from sweeper.worker.ledger_protocol import _end_line

AXES = {name: {"kind": "float", "low": 1e-5, "high": 1.0, "log": True} for name in "abcd"}


def filled(folder: Path, trials: int, more: int) -> Study:
    """A study with `trials` ended trials, and `more` to plan."""
    (folder / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    space = {
        "study": "asked",
        "function": "f.py:train",
        "axes": AXES,
        "tasks": {"line": {"low": 0, "high": 1}},
        "seeds": 1,
        "steps": 1,
        "score": {"metric": "value"},
        "sampler": "tpe",
        "trials": trials + more,
    }
    (folder / "s.yaml").write_text(yaml.safe_dump(space))
    started = studies.start(folder / f"study{trials}", load(folder / "s.yaml"))
    rng = np.random.default_rng(0)
    draw = started.plan.expansion.draw
    drawn = [draw(lambda _, over: at(over, rng.random())) for _ in range(trials)]
    proposals.propose(started.paths, 0, [Proposal(one, {}) for one in drawn], {}, {})
    started.refresh()
    ledger = Writer(started.paths.ledger, "w", {})
    for run in started.plan.runs:
        score = value(run.params)
        ledger.write([_end_line(run.id, 0, 0, 0, RunEnd("complete", 1, score, score)).to_json()])
    ledger.close()
    return Study.open(started.folder)


def value(params: dict[str, float]) -> float:
    return float(-sum((np.log10(params[name]) + 2) ** 2 for name in AXES))


def ours(found: Study, packful: int, repeats: int) -> tuple[float, float]:
    """Milliseconds a trial, and the seconds that filling the memory took."""
    ledger_state = found.ledger_state(reports=False)
    advisor = Advisor(found, ledger_state, Writer(found.paths.ledger, "asker", {}))
    advisor.note(ledger_state.runs)
    begin = time.perf_counter()
    advisor.feed()
    filling = time.perf_counter() - begin
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        advisor.plan(packful)
        found.refresh()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) / packful * 1e3, filling


def theirs(found: Study, trials: int, packful: int, repeats: int) -> float:
    """Milliseconds a trial by Optuna alone, with the same trials."""
    sampler = optuna.samplers.TPESampler(seed=0)
    asked = optuna.create_study(direction="maximize", sampler=sampler)
    over = {name: optuna.distributions.FloatDistribution(1e-5, 1.0, log=True) for name in AXES}
    asked.add_trials(
        optuna.trial.create_trial(
            params=dict(trial.labels), distributions=over, value=value(dict(trial.labels))
        )
        for trial in found.plan.trials[:trials]
    )
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(packful):
            trial = asked.ask()
            for name in AXES:
                trial.suggest_float(name, 1e-5, 1.0, log=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) / packful * 1e3


def main(packful: str = "8", repeats: str = "5") -> None:
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("| date | ended trials | Optuna in memory, ms | advisor, ms | ratio | filling, s |")
    print("|---|---|---|---|---|---|")
    for trials in (1000, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            found = filled(Path(folder), trials, 100 * int(packful))
            alone = theirs(found, trials, int(packful), int(repeats))
            mine, filling = ours(found, int(packful), int(repeats))
            print(
                f"| {date.today()} | {trials:,} | {alone:.1f} | {mine:.1f} | {mine / alone:.2f} "
                f"| {filling:.1f} |"
            )


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
