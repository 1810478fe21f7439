"""Sweeps whose processes are killed, at random moments and at forced places: the short version.

`python -m benchmarks.chaos` is the long one.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.chaos import __main__ as main
from benchmarks.chaos import spaces, verify
from benchmarks.chaos.crew import Crew
from benchmarks.chaos.kill_points import FORCED, Aim, Log
from benchmarks.chaos.scenarios import SCENARIOS, Scenario, of
from sweeper.files import temporary
from sweeper.files.atomic import link_first
from sweeper.ledger.claims import folders
from sweeper.ledger.run_record import Attempt, RunRecord
from sweeper.ledger.snapshots import compaction
from sweeper.paths import StudyPaths
from sweeper.study.study import Study
from sweeper.trainable.function import FunctionPack
from sweeper.worker import worker
from sweeper.worker.process import heartbeat
from sweeper.worker.process.memory import MemoryGauge
from sweeper.worker.run_queue import RunQueue
from tests.helpers.worker_parts import WorkerParts

SEGMENTED = (
    *("half of write claims claim", "before link claims claim", "link claims claim, a further one"),
    *("after link claims claim", "half of write ledger claim", "half of write ledger report"),
    *("half of write checkpoints npz", "before replace checkpoints npz"),
    *("after replace checkpoints npz", "after replace checkpoints rows.npz"),
    *("half of write checkpoints rows.npz", "after link checkpoints", "after link claims end"),
    *("before replace weights npz", "half of snapshots npz", "after replace snapshots lines"),
    *(
        "before replace snapshots npz",
        "half of write optuna.journal",
        "half of write figures stamp",
    ),
)
SEARCHED = (
    *("after link claims claim", "half of write ledger claim", "after write ledger report"),
    *("before link trials", "after link trials", "before write ledger judged"),
    *("half of write ledger judged", "after write ledger judged", "after link claims end"),
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Waits are short, snapshots are written early, and all that is forked has been imported."""
    waits = ((worker, "IDLE_S"), (heartbeat, "SURE_S"), (compaction, "LEAST_BYTES"))
    for module, name in (*waits, (folders, "FOLD_AT"), (folders, "LOOK_EVERY")):
        monkeypatch.setattr(module, name, getattr(module, name))
    main.hurry()
    umask = os.umask(0o077)
    yield
    os.umask(umask)


def once_each(log: Log, places: tuple[str, ...]) -> Callable[[], Aim]:
    """Aims at each of `places` until a process has died there."""

    def arm() -> Aim:
        met = log.places()
        left = [place for place in places if not any(place in known for known in met)]
        return lambda place: any(wanted in place for wanted in left)

    return arm


_TURNS = 5
"""So many sweeps may it take until a process has died at every place: some are rarely passed."""


def missed(outcome: main.Outcome, places: tuple[str, ...]) -> tuple[str, ...]:
    """The places at which no process has died."""
    return tuple(place for place in places if not any(place in met for met in outcome.places))


def disturbed(scenario: Scenario, root: Path, places: tuple[str, ...]) -> main.Outcome:
    calm = main.undisturbed(scenario.make, root, scenario.pack)
    outcome = main.Outcome()
    for turn in range(_TURNS):
        left = missed(outcome, places)
        if turn and not left:
            break
        log, made = Log(root / f"kills{turn}.txt"), scenario.make(root, f"killed{turn}")
        crew = Crew(made.folder, log, once_each(log, left), scenario.pause_s, random.Random(turn))
        crew.work(scenario.workers, scenario.pack)
        crew.until_through(lambda folder=made.folder: main.conclude(folder))
        outcome.take(crew, log)
        outcome.check(Study.open(made.folder), calm, scenario.compared, crew.killed)
    return outcome


@pytest.mark.parametrize(
    ("title", "places"),
    [
        ("packs with segments and weights, forced", SEGMENTED),
        ("TPE with a pruner, one worker, forced", SEARCHED),
    ],
)
def test_nothing_is_lost_and_nothing_counts_twice_wherever_a_process_dies(tmp_path, title, places):
    scenario = next(scenario for scenario in SCENARIOS if scenario.title == title)
    outcome = disturbed(scenario, tmp_path, places)
    assert outcome.whole, outcome
    assert not missed(outcome, places), "nobody died there"
    assert all(met.startswith(FORCED) for met in outcome.places)


def test_functions_that_keep_a_state_lose_no_report_at_random_moments(tmp_path):
    make = of(spaces.GRID, {"function": "train.py:stateful", "seeds": 2})
    outcome = disturbed(Scenario("", make, 1.0, pause_s=0.08), tmp_path, ())
    assert outcome.whole and outcome.kills >= 2, outcome


def test_the_accounts_see_what_is_wrong(tmp_path):
    make = of(spaces.GRID, {"seeds": 1})
    calm, other = (main.undisturbed(make, folder, "1") for folder in _folders(tmp_path))
    assert not [*verify.wrong(other, []), *verify.differ(other, calm), *verify.twice(other)]
    run = other.plan.runs[0].id
    placed = other.claims("x").folders
    end = placed.find(f"{run}.0.1")
    assert end is not None
    placed.place([f"{run}.0.2"], end + b" ")
    (other.paths.claims / ".0.here-1-abcdef").touch()
    (other.paths.checkpoints / "x.npz").touch()
    file = next(other.paths.ledger.iterdir())
    data = file.read_bytes()
    file.write_bytes(data[: data.rindex(b'"kind":"report"')] + b"\n" + data[data.rindex(b"\n{") :])
    found = list(verify.wrong(other, []))
    assert verify.twice(other) and verify.lost(calm) == []
    assert f"{run}.0 has ['claim', 'end', 'end'] at [0, 1, 2]" in found
    assert {"claims/.0.here-1-abcdef was left behind", "checkpoints/x.npz was left behind"} <= set(
        found
    )
    assert any("is damaged" in problem for problem in found)
    assert "the table of reports differs" in verify.differ(other, calm)


def _folders(root: Path) -> Iterator[Path]:
    for name in ("one", "two"):
        (root / name).mkdir()
        yield root / name


def test_temporary_files_of_dead_processes_go_and_of_living_ones_stay(tmp_path):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    own = temporary.beside(tmp_path / "mine")
    dead = own.with_name(own.name.replace(f"-{os.getpid()}-", f"-{pid}-"))
    names = [".edition", ".lock", f".x.elsewhere-{pid}-abcdef", "x.npz"]
    for file in (own, dead, *(tmp_path / name for name in names)):
        file.touch()
    temporary.sweep([tmp_path, tmp_path / "none"])
    assert not dead.exists() and own.exists()
    assert all((tmp_path / name).exists() for name in names)
    assert link_first(tmp_path / "0", b"{}") and not list(tmp_path.glob(".0*"))


def test_snapshots_that_were_begun_are_removed_unless_one_is_being_written(tmp_path):
    paths = StudyPaths(tmp_path)
    paths.snapshots.mkdir()
    begun = [paths.snapshots / name for name in (".3-a.lines", "3-a.lines", "3-a.reports.npz")]
    for file in begun:
        file.touch()
    with compaction.writing_alone(paths.snapshots):
        compaction.tidy(paths)
        assert all(file.exists() for file in begun)
    compaction.tidy(paths)
    assert [file.name for file in paths.snapshots.iterdir()] == [".lock"]


def test_a_function_that_has_a_folder_reports_before_it_goes_on(tmp_path):
    reported: list[int] = []

    def train(config, run):
        assert run.folder.is_dir()
        for step in (1, 2):
            run.report(step, loss=0.0)
            reported.append(step)
        return 0.0

    run = _Run()
    pack = FunctionPack(lambda: train, run, tmp_path / "folder")
    while not pack.advance():
        pass
    time.sleep(0.2)
    assert reported == [], "it went on before the worker came back"
    while not any(report.done for report in pack.advance()):
        pass
    assert reported == [1, 2]


def test_a_function_whose_run_ends_does_not_wait_for_ever(tmp_path):
    gone = threading.Event()

    def train(config, run):
        run.folder  # noqa: B018
        try:
            run.report(1, loss=0.0)
        finally:
            gone.set()

    pack = FunctionPack(lambda: train, _Run(), tmp_path / "folder")
    while not pack.advance():
        pass
    pack.drop([0])
    assert gone.wait(300)


class _Run:
    id, task, seed, steps = "a", "line", 0, 3
    params = {}  # noqa: RUF012


def test_an_attempt_that_reported_nothing_takes_nothing_from_those_before():
    record = RunRecord("a")
    record.tries[0] = Attempt("w", reports={1: (1, {"loss": 1.0}), 2: (2, {"loss": 2.0})})
    record.tries[0].sequence = 2
    record.tries[1] = Attempt("x", supersedes=2, sequence=0)
    assert record.reports == [(1, {"loss": 1.0}), (2, {"loss": 2.0})]
    record.tries[2] = Attempt("y", supersedes=0, reports={1: (2, {"value": 3.0})}, sequence=1)
    assert record.reports == [(1, {"loss": 1.0}), (2, {"loss": 2.0, "value": 3.0})]


def test_a_run_is_taken_over_once_all_that_the_dead_wrote_is_read(make_study, monkeypatch):
    study = make_study("seeds=1", "axes.width.values=[1]", "axes.size.values=[0.1]")
    holder = WorkerParts(study)
    ledger_state = study.ledger_state(reports=False)
    queue = RunQueue(
        study, ledger_state, "other", MemoryGauge(1), pack="1", device="cpu", workers=1
    )
    queue.refresh()
    (candidate,) = queue.pick()
    (hold,) = holder.attempts.claim([candidate])
    queue.refresh()
    assert queue.pick() == []
    monkeypatch.setattr(heartbeat.Observer, "alive", lambda _, name, header: name != holder.name)
    assert queue.pick() == [], "it has not read on since the worker died"
    holder.attempts.report([(hold, (10, {"value": 1.0}))], sync=False)
    queue.refresh()
    (taken,) = queue.pick()
    assert ledger_state.record(taken.run.id).tries[0].sequence == 1
