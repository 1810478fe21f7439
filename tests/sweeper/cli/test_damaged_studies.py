"""Whatever file of a study is damaged: it is named, what can go on goes on, nothing ends raw.

`python -m benchmarks.chaos.damage` gives every command after each damage.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from benchmarks.chaos import damage
from sweeper.cli.commands import watch
from sweeper.study.study import Study
from sweeper.worker import worker
from sweeper.worker.process import heartbeat

TURNS = count()
"""Each case gives a command of its own, beside `status`."""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[damage.Studies]:
    """Two studies to harm; what workers wait for is short."""
    waits = [(watch, "POLL_S"), (worker, "IDLE_S")]
    waits += [(heartbeat, name) for name in ("STALE_S", "T1_S", "T2_S", "SURE_S")]
    with pytest.MonkeyPatch.context() as patch:
        for module, name in waits:
            patch.setattr(module, name, getattr(module, name))
        damage.hurry()
        patch.chdir(tmp_path_factory.mktemp("here"))
        umask = os.umask(0o077)
        yield damage.Studies(tmp_path_factory.mktemp("harmed"))
        os.umask(umask)


@pytest.mark.parametrize("way", [*damage.WAYS, damage.FOLDER])
@pytest.mark.parametrize("kind", damage.KINDS)
@pytest.mark.parametrize("name", ["whole", "half"])
def test_a_damaged_file_is_named_and_no_command_ends_raw(
    studies: damage.Studies, name: str, kind: str, way: str
) -> None:
    quick = [w for w in damage.commands(Path(), name) if w not in ("run", "extend", "report")]
    number = next(TURNS)
    words = quick[number % len(quick)] if number % 6 else ("run", "report")[number // 6 % 2]
    assert damage.wrong(studies, name, kind, way, words, 0) == []


@pytest.mark.parametrize("name", ["whole", "half"])
def test_what_is_lost_in_all_ledgers_at_once_is_read_from_the_claims(
    studies: damage.Studies, name: str
) -> None:
    """All ledger files cut to nothing: each is told; ends and scores are those of before."""
    before = {
        run: (record.state, record.score)
        for run, record in Study.open(studies.copy(name)).ledger_state().runs.items()
        if record.end is not None
    }
    folder = studies.copy(name)
    for file in (folder / "ledger").iterdir():
        file.write_bytes(b"")
        assert f"ledger/{file.name} is empty" in studies.said(name, "status").text
    done = studies.said(name, "run")
    after = Study.open(folder).ledger_state().runs
    assert not done.raw and Study.open(folder).ended
    assert {run: (after[run].state, after[run].score) for run in before} == before


@pytest.mark.parametrize("way", ["empty", "flipped"])
def test_claims_of_running_runs_may_be_damaged_while_the_ledgers_are_gone(
    studies: damage.Studies, way: str
) -> None:
    folder, rng = studies.copy("half"), random.Random(0)
    for file in (folder / "ledger").iterdir():
        file.unlink()
    for file in folder.glob("claims/*/*.*.*"):
        damage.harm(file, way, rng)
    told = studies.said("half", "status")
    assert all(
        f"claims/{file.name} is damaged" in told.text for file in folder.glob("claims/*/*.0")
    )
    done = studies.said("half", "run")
    assert not done.raw and "is tried once more" in done.text
    states = [record.state for record in Study.open(folder).ledger_state().runs.values()]
    assert set(states) <= {"complete", "pruned"} and Study.open(folder).ended


FOREIGN = os.fsdecode(b"x\xff\xfe.0.jsonl")


NAMED = ("ledger", "claims", "beats", "checkpoints", "weights")


def test_files_whose_names_are_no_utf8_end_no_command(studies: damage.Studies) -> None:
    folder = studies.copy("half")
    inside = next(file for file in (folder / "claims").iterdir() if file.is_dir())
    for place in (*(folder / name for name in (*NAMED, "trials", "plans")), inside):
        (place / FOREIGN).write_bytes(b"\xff\x00")
    for words in ("status", "status as JSON", "best", "export", "report", "run"):
        done = studies.said("half", words)
        assert not done.raw, done.text
    for where in NAMED:
        (folder / where / FOREIGN).write_bytes(b"\xff\x00")  # the run's end empties checkpoints
    told = studies.said("half", "status").text
    for where in NAMED:
        assert rf"{where}/x\xff\xfe.0.jsonl has a name that is not UTF-8" in told
    assert Study.open(folder).ended
