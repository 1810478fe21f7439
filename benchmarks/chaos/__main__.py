"""Kills processes of many sweeps a thousand times, and compares each with an undisturbed one.

    python -m benchmarks.chaos [kills=1000] [only=WORDS] [seed=0] [limit=1]

Prints a table for docs/measured/kills.md. Workers die at random moments and at forced places:
before, after and half way through every operation on a study's files (`kill_points.py`). What must
hold is in `verify.py`. Not as shipped: `limits.deaths` is 100,000; and in forked processes an idle
worker looks again after 0.05 s, folders of claims are packed from 40 names on, and snapshots are
written from 10 kB of ledger on. Where some are stopped, a silent one counts as dead after `limit`
seconds, and they go on after one to three times that.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from benchmarks.chaos import commands, spaces, verify
from benchmarks.chaos.crew import Crew
from benchmarks.chaos.kill_points import FORCED, Aim, Log, least_hit
from benchmarks.chaos.scenarios import SCENARIOS, Make, Scenario, of
from sweeper.cli.commands import run
from sweeper.cli.run_options import RunOptions
from sweeper.ledger.claims import folders
from sweeper.ledger.snapshots import compaction
from sweeper.study.study import Study
from sweeper.worker import worker
from sweeper.worker.process import heartbeat

LIMIT_S = 1.0
"""Who gives no sign for so long counts as dead where processes are stopped, also if it is there."""


@dataclass
class Outcome:
    """What came of the sweeps of a scenario."""

    runs: int = 0
    sweeps: int = 0
    files: int = 0
    """How many the runs have left at rest, besides weights."""
    stops: int = 0
    places: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many there were."""
        return self.places.total()

    @property
    def whole(self) -> bool:
        """Whether everything held."""
        return not (self.lost or self.twice or self.differ or self.wrong)

    def take(self, crew: Crew, log: Log) -> None:
        """Counts the kills among a crew's processes, and those that failed."""
        self.places.update(log.kills()[pid] for pid in crew.killed)
        self.stops += crew.continued
        self.wrong += [f"a process ended with {status}" for status in crew.wrong]

    def check(self, made: Study, calm: Study, compared: str, killed: list[int]) -> None:
        """Takes the accounts of one sweep that has ended."""
        self.sweeps += 1
        self.runs += len(made.plan.runs)
        self.files += verify.files(made)
        self.lost += verify.lost(made)
        self.twice += verify.twice(made)
        self.wrong += verify.wrong(made, killed)
        if compared == "tables":
            self.differ += verify.differ(made, calm)
        elif compared == "trials" and verify.chosen(made) != verify.chosen(calm):
            self.differ.append("other trials")
        elif len(made.plan.trials) != len(calm.plan.trials):
            self.differ.append(f"{len(made.plan.trials)} trials")


def play(scenario: Scenario, limit_s: float, root: Path, kills: int, seed: int) -> Outcome:
    """Sweeps until there were so many kills, and takes the accounts of each sweep."""
    root.mkdir()
    calm = undisturbed(scenario.make, root, scenario.pack, scenario.then)
    outcome, log, rng = Outcome(), Log(root / "kills.txt"), random.Random(seed)
    while outcome.kills < kills:
        before, pause_s = outcome.kills, scenario.pause_s
        if pause_s is not None and scenario.stops:
            pause_s *= limit_s  # so that most of those that are stopped are continued
        made = scenario.make(root, f"killed{outcome.sweeps}")
        crew = Crew(
            made.folder,
            log,
            arm(scenario, log, outcome.sweeps, rng),
            pause_s,
            rng,
            2 * limit_s if scenario.stops else None,
        )
        with impatient(limit_s if scenario.stops else None):
            crew.work(scenario.workers, scenario.pack)
        crew.until_through(lambda folder=made.folder: conclude(folder))
        if scenario.then is not None:
            scenario.then(root, made.folder.name)
            crew.work(scenario.workers, scenario.pack)
            crew.until_through(lambda folder=made.folder: conclude(folder))
        outcome.take(crew, log)
        outcome.check(Study.open(made.folder), calm, scenario.compared, crew.killed)
        if (outcome.kills == before and not scenario.stops) or not outcome.whole:
            break
    return outcome


def arm(scenario: Scenario, log: Log, sweeps: int, rng: random.Random) -> Callable[[], Aim | None]:
    """Aims for the workers of a sweep: at each place once more than in the sweep before."""
    if not scenario.forced:
        return lambda: None
    return lambda: least_hit(log, sweeps + 1, rng)


def watched(root: Path, kills: int, seed: int) -> Outcome:
    """`sweeper run` with its workers, killed and given again."""
    root.mkdir()
    calm, outcome = undisturbed(of(spaces.GRID, commands.LONG), root, "1"), Outcome()
    log, rng = Log(root / "kills.txt"), random.Random(seed)
    while outcome.kills < kills and outcome.whole:
        name = f"killed{outcome.sweeps}"
        made, dead = commands.watched(root, name, log, kills - outcome.kills, rng)
        outcome.places.update(place for _, place in dead)
        outcome.check(made, calm, "tables", [pid for pid, _ in dead])
    return outcome


def generations(root: Path, kills: int, seed: int) -> Outcome:
    """`sweeper retry` and `sweeper rerun`, killed and given again, and the workers after them."""
    root.mkdir()
    calm, outcome, rng = (
        undisturbed(of(spaces.GRID, commands.BREAKING), root, "1"),
        Outcome(),
        random.Random(seed),
    )
    log = Log(root / "kills.txt")
    while outcome.kills < kills and outcome.whole:
        name = f"killed{outcome.sweeps}"
        made, crew = commands.generations(root, name, log, outcome.sweeps, rng, conclude)
        outcome.take(crew, log)
        outcome.check(Study.open(made.folder), calm, "tables", crew.killed)
    return outcome


def undisturbed(make: Make, root: Path, pack: str, then: Make | None = None) -> Study:
    """A study that one worker did, and nobody killed; also after it was extended."""
    for step in (make, then) if then else (make,):
        calm = step(root, "calm")
        crew = Crew(calm.folder, Log(root / "none.txt"))
        crew.work(1, pack)
        crew.until_through(lambda folder=calm.folder: conclude(folder))
    assert not crew.wrong, (root / "studies" / "errors.txt").read_text()
    return Study.open(calm.folder)


def conclude(folder: Path) -> None:
    """`sweeper run` of a study that has ended: draws what is still to be drawn."""
    sys.exit(run.run(str(folder), RunOptions.of({"dispatch": "inline"}), []))


@contextmanager
def impatient(limit_s: float | None) -> Iterator[None]:
    """Who is silent for so long, if there is such a limit, counts as dead meanwhile."""
    names = ("BEAT_S", "STALE_S", "T2_S")
    before = {name: getattr(heartbeat, name) for name in names}
    if limit_s is not None:
        heartbeat.BEAT_S, heartbeat.STALE_S, heartbeat.T2_S = limit_s / 10, limit_s / 2, limit_s
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(heartbeat, name, value)


def hurry() -> None:
    """Makes what forked processes wait for short, and imports what they will need."""
    import seaborn  # noqa: F401

    import agents.learners  # noqa: F401
    from sweeper.figures.drawing import style  # noqa: F401

    worker.IDLE_S = 0.05
    heartbeat.SURE_S = 0.1
    folders.FOLD_AT, folders.LOOK_EVERY = 40, 5
    compaction.LEAST_BYTES = 10_000


COMMANDS: dict[str, tuple[Callable[[Path, int, int], Outcome], float]] = {
    "sweeper run with three workers: watcher and workers, at random": (watched, 0.05),
    "sweeper retry and rerun, at random and forced": (generations, 0.07),
}


def rows(
    kills: int, only: str, seed: int, limit_s: float, root: Path
) -> Iterator[tuple[str, Outcome]]:
    """Plays all scenarios whose titles hold `only`."""
    plays: dict[str, tuple[Callable[[Path, int, int], Outcome], float]] = {
        scenario.title: (partial(play, scenario, limit_s), scenario.share) for scenario in SCENARIOS
    }
    for title, (disturb, share) in (plays | COMMANDS).items():
        if only in title:
            folder = root / str(len(list(root.iterdir())))
            yield title, disturb(folder, max(1, round(share * kills)), seed)


def main(kills: str = "1000", only: str = "", seed: str = "0", limit: str = str(LIMIT_S)) -> None:
    hurry()
    start, total = time.monotonic(), 0
    root = Path(tempfile.mkdtemp())
    print("| date | scenario | sweeps | runs | kills | of these forced, at so many places", end=" ")
    print("| stopped and continued | lost | counted twice | equal | files a run at rest |")
    print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for title, outcome in rows(int(kills), only, int(seed), float(limit), root):
        total += outcome.kills
        forced = {place: n for place, n in outcome.places.items() if place.startswith(FORCED)}
        print(
            f"| {date.today()} | {title} | {outcome.sweeps} | {outcome.runs} | {outcome.kills} "
            f"| {sum(forced.values())}, {len(forced)} | {outcome.stops} "
            f"| {len(outcome.lost)} | {len(outcome.twice)} "
            f"| {'NO' if outcome.differ or outcome.wrong else 'yes'} "
            f"| {outcome.files / max(1, outcome.runs):.2f} |",
            flush=True,
        )
        for problem in [*outcome.lost, *outcome.twice, *outcome.differ, *outcome.wrong]:
            print(f"{title}: {problem}", file=sys.stderr)
    print(
        "limits.deaths is 100,000 in all; in forked processes idle workers look again after "
        f"0.05 s; where processes are stopped, who is silent for {float(limit):g} s counts as "
        "dead; folders of claims are packed "
        f"from {folders.FOLD_AT} names on and snapshots are written from 10 kB of ledger on"
    )
    print(f"{total} kills in {time.monotonic() - start:.0f} s; studies and logs in {root}")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
