"""Sweeps on a real Slurm through every fault, each compared with an undisturbed one.

    python -m benchmarks.slurm.faults [scenarios=kills,limit,…] [seed=0] [folder=…]

Needs what slurm/cluster needs: root on Debian, and for `clock` a C compiler. Starts a
loopback cluster of its own in `folder`, and prints a table for docs/measured/slurm.md.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.slurm import kills, outages, queries
from benchmarks.slurm.loopback import Site
from benchmarks.slurm.sweep import PACK, RUNS, SAVE_S, SPACE, STEPS, Account, Sweep
from sweeper.study.study import Study


@dataclass(frozen=True)
class Scenario:
    """A fault, and the sweep that it is injected into."""

    title: str
    inject: Callable[[Sweep], None]
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Of the profile."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the sweep."""


_SHORT = {"timeout_min": 2, "signal_delay_s": 45}
"""Slurm sends its signal up to a minute early: with less a worker may be told before it begins."""
_LONG = {"timeout_min": 3, "signal_delay_s": 60}

SCENARIOS = {
    "kills": Scenario(
        "SIGKILL of random workers",
        kills.kills,
        {"cpus_per_task": 2},
        {"workers": 6, "words": (*SPACE, "limits.deaths=1000")},
    ),
    "limit": Scenario("time limit of 2 minutes", kills.limits, _SHORT),
    "limit3": Scenario(
        "time limit of 3 minutes, runs of 8",
        kills.limits,
        _LONG,
        {"pack": 34, "pause_s": 4.0},
    ),
    "preempt": Scenario("preemption, grace 20 s", partial(kills.preempted, grace=20)),
    "preempt0": Scenario("preemption, no grace", partial(kills.preempted, grace=0)),
    "nodes": Scenario(
        "slurmd alone, slurmd and its steps, steps alone killed",
        outages.nodes,
        {"cpus_per_task": 2},
    ),
    "scancel": Scenario(
        "scancel of the array, and of a waiting element",
        kills.cancelled,
        {"cpus_per_task": 1},
    ),
    "controller": Scenario("slurmctld down for 30 s", outages.controller),
    "database": Scenario("slurmdbd down for a minute", outages.database),
    "noaccounting": Scenario("no accounting, sacct fails", outages.no_accounting),
    "watcher": Scenario("watcher killed right after sbatch", outages.watcher),
    "disk": Scenario("disk full for 40 s", outages.full_disk),
    "clock": Scenario("clock of one worker 10 minutes ahead", outages.clock),
    "queries": Scenario("500 array tasks, workers killed", queries.queries),
}


def play(name: str, site: Site, root: Path, seed: int, calm: Study) -> Account:
    """One scenario, from an empty folder to its account."""
    scenario = SCENARIOS[name]
    sweep = Sweep(
        site,
        root / name,
        name,
        profile=scenario.keys,
        rng=random.Random(seed),
        **scenario.options,
    )
    scenario.inject(sweep)
    return sweep.account(calm)


def undisturbed(site: Site, root: Path) -> Study:
    """The same sweep on this machine alone, by two workers that nobody disturbs.

    One that is in `root` already is taken.
    """
    if (root / "calm").exists():
        return Study.open(root / "calm" / "studies" / "calm")
    sweep = Sweep(site, root / "calm", "calm", workers=2, pause_s=0.0)
    sweep.run(dispatch="local")
    sweep.finish()
    account = sweep.account(Study.open(sweep.folder))
    assert not account.all_problems, account.all_problems
    print(
        f"{RUNS} DQN runs of {STEPS:,} steps in packs of {PACK}, a checkpoint every {SAVE_S} s; "
        f"undisturbed on two workers: {sweep.seconds:.0f} s\n"
    )
    return Study.open(sweep.folder)


def row(name: str, account: Account) -> str:
    """A line of the table."""
    sweep = account.sweep
    equal = "NO" if account.problems else "yes" if account.compared else "–"
    packs = f"{account.repeated.packs} packs, the longest {account.repeated.longest_s:.0f} s"
    remarks = [*sweep.remarks, packs, f"the command {sweep.given} times"]
    cells = [
        str(date.today()),
        f"{SCENARIOS[name].title} (`{name}`)",
        str(sweep.injected),
        f"{sweep.seconds:.0f}",
        str(len(account.lost)),
        str(len(account.twice)),
        equal,
        str(account.repeated),
        "; ".join(remarks),
    ]
    return f"| {' | '.join(cells)} |"


_HEAD = (
    "date",
    "fault",
    "times",
    "s",
    "lost",
    "counted twice",
    "equal",
    "work repeated",
    "remarks",
)


def rows(names: list[str], site: Site, root: Path, seed: int) -> Iterator[str]:
    """Plays scenarios; one that breaks off does not end the others."""
    calm = undisturbed(site, root)
    yield f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}"
    for name in names:
        try:
            account = play(name, site, root, seed, calm)
        except Exception:
            traceback.print_exc()
            yield f"| {date.today()} | {name} | BROKEN OFF |"
            site.up()
            continue
        yield row(name, account)
        for problem in account.all_problems:
            print(f"{name}: {problem}", file=sys.stderr)


def main(scenarios: str = ",".join(SCENARIOS), seed: str = "0", folder: str = "") -> None:
    names = scenarios.split(",")
    unknown = sorted(set(names) - set(SCENARIOS))
    if unknown:
        raise SystemExit(f"unknown scenarios: {unknown}; valid: {', '.join(SCENARIOS)}")
    root = Path(folder or tempfile.mkdtemp())
    site, start = Site(root / "cluster"), time.monotonic()
    site.up()
    try:
        for line in rows(names, site, root, int(seed)):
            print(line, flush=True)
    finally:
        site.down()
    print(f"\n{time.monotonic() - start:.0f} s; studies and logs are in {root}")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
