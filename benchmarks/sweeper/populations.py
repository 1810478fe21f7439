"""Populations beside a grid, random search and TPE, with as many environment steps.

    python -m benchmarks.sweeper.populations [steps=200000] [seeds=10] [workers=1] [root=FOLDER]
        [ways=pbt,mfpbt,grid,random,tpe] [frequencies=1,5] [how=iqm] [out=populations.png]

DQN on MinAtar's Breakout, by `spaces/minatar_population.yaml` at scale `afternoon`: 16 members or
configurations of `steps` steps for each seed, evaluated 20 times. A way's search is repeated under
every seed by itself: random search and TPE draw anew, TPE from the results of that seed alone; the
grid has the middles of equal shares of the ranges. All ways are judged alike: at each evaluation by
its leader, the member or configuration that was best one evaluation before (at the first, number
0). What has ended under `root` is not trained again. Prints a table for
docs/measured/populations.md: the last score, with its 95 % interval over seeds, and the seconds of
all workers together and of the clock; and draws the curves.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.ticker import EngFormatter

from sweeper import stats
from sweeper.figures.drawing import style
from sweeper.planning.loading import load
from sweeper.results import frames
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study

SPACE = Path(__file__).parents[2] / "spaces" / "minatar_population.yaml"
SIZE, EVALUATIONS = 16, 20
NAMES = {
    "pbt": "PBT",
    "mfpbt": "MF-PBT",
    "grid": "grid",
    "random": "random search",
    "tpe": "TPE",
}
TRAIN = (
    "import sys; from pathlib import Path; from sweeper.study.study import Study; "
    "from sweeper.worker.worker import Worker; "
    "study, workers = Study.open(Path(sys.argv[1])), int(sys.argv[2]); "
    "Worker(study, pack='auto', device='cpu', workers=workers).run()"
)


def shared(steps: int) -> list[str]:
    """The words that all ways have in common."""
    every = steps // EVALUATIONS
    return [
        f"steps={steps}",
        f"evaluation.every={every}",
        f"evaluation.steps={max(50, min(4000, every))}",
        f"evaluation.cap={max(50, min(2000, every))}",
        f"evaluation.streams={4 if every >= 8000 else 1}",
        f"population.every={every}",
        f"fixed.epsilon.decay_until={steps // 4}",
        f"fixed.warmup_steps={min(5000, steps // 20)}",
        "figures=[]",
    ]


def grid() -> str:
    """The axes of the grid: the middles of 4, 2 and 2 equal shares of the ranges."""
    rates = [f"{10 ** (-5 + 3 * (place + 0.5) / 4):.3g}" for place in range(4)]
    epsilons = [f"{10 ** (-8 + 6 * (place + 0.5) / 2):.3g}" for place in range(2)]
    axes = {"optimizer.lr": rates, "optimizer.eps": epsilons, "gamma": ["0.95", "0.99"]}
    said = (f"{name}: {{kind: float, values: [{', '.join(own)}]}}" for name, own in axes.items())
    return f"axes={{{', '.join(said)}}}"


def studies_of(way: str, seeds: Sequence[int], frequencies: str) -> Iterator[tuple[str, list[str]]]:
    """The studies of a way by name, with their words: one, or one for each seed."""
    every = f"seeds=[{', '.join(map(str, seeds))}]"
    if way in ("pbt", "mfpbt"):
        rounds = "1" if way == "pbt" else frequencies
        yield way, [every, f"population.size={SIZE}", f"population.frequencies=[{rounds}]"]
    elif way == "grid":
        yield way, [every, "population=null", grid()]
    else:
        for seed in seeds:
            begun = ", n_startup_trials: 5" if way == "tpe" else ""
            sampler = f"sampler={{{way}: {{seed: {seed}{begun}}}}}"
            words = [f"seeds=[{seed}]", "population=null", sampler, f"trials={SIZE}"]
            yield f"{way}_{seed}", words


def trained(folder: Path, words: Sequence[str], workers: int) -> Study:
    """The study of these words, trained to its end; what that took stands in its `took.json`."""
    given = [word for word in words if word.partition("=")[0] != "population.every" or one(words)]
    study = studies.start(folder, load(SPACE, "afternoon", parse_words(given, ())[1]))
    file = folder.with_name(f"{folder.name}.took.json")
    while not study.ended:
        before, begun = _cpu_s(), time.monotonic()
        command = [sys.executable, "-c", TRAIN, str(folder), str(workers)]
        every = [subprocess.Popen(command) for _ in range(workers)]
        if any(worker.wait() for worker in every):
            raise SystemExit(f"a worker of {folder} failed")
        known = json.loads(file.read_text()) if file.exists() else {"cpu": 0.0, "wall": 0.0}
        took = {"cpu": _cpu_s() - before, "wall": time.monotonic() - begun}
        file.write_text(json.dumps({name: known[name] + own for name, own in took.items()}))
        study = Study.open(folder)
    return study


def one(words: Sequence[str]) -> bool:
    """Whether the words leave the space its population."""
    return "population=null" not in words


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def curves(study: Study, metric: str = "return") -> Mapping[int, tuple[np.ndarray, np.ndarray]]:
    """By seed the steps and the leader's metric at each."""
    reports = frames.reports(study, study.ledger_state())
    reports = reports[reports[metric].notna()]
    found = {}
    for seed, own in reports.groupby("seed"):
        table = own.pivot_table(index="trial", columns="step", values=metric)
        found[int(seed)] = table.columns.to_numpy(), led(table.to_numpy())  # type: ignore[call-overload]
    return found


def led(values: np.ndarray) -> np.ndarray:
    """Of values [configurations × evaluations] that of the one that was best one before."""
    known = np.nan_to_num(values, nan=-np.inf)
    leaders = np.concatenate([[0], known.argmax(axis=0)[:-1]])
    return values[leaders, np.arange(values.shape[1])]  # type: ignore[no-any-return]


def estimates(values: np.ndarray, how: str) -> list[stats.Estimate]:
    """For each evaluation of values [seeds × evaluations] the point and interval over seeds."""
    return [stats.estimate(column[:, None], how, np.random.default_rng(0)) for column in values.T]


def draw(found: Mapping[str, tuple[np.ndarray, np.ndarray]], how: str, out: Path) -> None:
    """Draws the curve of each way: steps, and the leaders' values [seeds × evaluations]."""
    with style.context():
        seeds = max(len(values) for _, values in found.values())
        caption = f"leaders of {SIZE} by the evaluation before; 95 % intervals of {seeds} seeds"
        grid = style.panels(1, 1, 5.0, 2.8, caption)
        ax = grid.axes[0, 0]
        for place, (way, (steps, values)) in enumerate(found.items()):
            colour = f"C{place}"
            points = estimates(values, how)
            ax.plot(steps, [one.point for one in points], color=colour, label=NAMES[way])
            ends = [[getattr(one, end) for one in points] for end in ("low", "high")]
            if all(end is not None for side in ends for end in side):
                ax.fill_between(steps, *ends, color=colour, alpha=0.15, linewidth=0)
        ax.set(xlabel="environment steps of each member", ylabel=f"return ({how} over seeds)")
        ax.set_xlim(0, None)
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
        grid.figure.legend(loc="outside upper center", ncols=len(found), frameon=False)
        grid.figure.savefig(out)


def row(way: str, values: np.ndarray, how: str, took: Mapping[str, float]) -> str:
    """The row of a way in the table."""
    last = estimates(values, how)[-1]
    said = "unknown" if last.low is None else f"{last.low:.2f} to {last.high:.2f}"
    times = f"{took['cpu'] / 3600:.2f} | {took['wall'] / 3600:.2f}"
    return f"| {NAMES[way]} | {last.point:.2f} | {said} | {times} |"


def main(
    steps: str = "200000",
    seeds: str = "10",
    workers: str = "1",
    root: str = "",
    ways: str = ",".join(NAMES),
    frequencies: str = "1,5",
    how: str = "iqm",
    out: str = "populations.png",
) -> None:
    """Trains what has not ended, prints the table and draws the curves."""
    with tempfile.TemporaryDirectory() as temporary:
        under, every = Path(root or temporary), list(range(int(seeds)))
        found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        print(f"{date.today()}, {int(steps):,} steps of {SIZE} for each of {seeds} seeds\n")
        print(f"| way | last return, {how} | 95 % interval | hours of CPU | hours |")
        print("|---|---|---|---|---|", flush=True)
        for way in ways.split(","):
            curve, took = {}, {"cpu": 0.0, "wall": 0.0}
            for name, own in studies_of(way, every, frequencies):
                study = trained(under / name, [*shared(int(steps)), *own], int(workers))
                curve |= curves(study)
                file = under / f"{name}.took.json"
                own_took = json.loads(file.read_text()) if file.exists() else took
                took = {key: took[key] + own_took[key] for key in took}
            grids = [curve[seed] for seed in every if seed in curve]
            found[way] = grids[0][0], np.array([values for _, values in grids])
            print(row(way, found[way][1], how, took), flush=True)
        draw(found, how, Path(out))


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
