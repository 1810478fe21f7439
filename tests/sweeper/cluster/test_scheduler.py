"""The shared answer of the scheduler; `squeue` is a script that prints what a test wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.cluster import scheduler
from sweeper.cluster.scheduler import ENDED, EVERY_S, MAYBE, RUNNING, Scheduler, answers
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.paths import StudyPaths

SQUEUE = """#!/bin/sh
echo asked >> {folder}/asked
[ -e {folder}/down ] && {{ echo 'slurm_load_jobs error' >&2; exit 1; }}
cat {folder}/jobs
"""


class Slurm:
    """What `squeue` prints, and how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name in ("squeue", "sbatch", "srun", "scontrol", "scancel"):
            command = folder / "bin" / name
            command.write_text(SQUEUE.format(folder=folder) if name == "squeue" else "#!/bin/sh\n")
            command.chmod(0o755)
        self.lists()

    def lists(self, *jobs: tuple[int, str, int]) -> None:
        """From now on these: number, state, restarts."""
        lines = (
            f"{id:<24}{state:<24}{n:<8}{'None':<64}{'sweeper-x':<160}" for id, state, n in jobs
        )
        (self.folder / "jobs").write_text("".join(f"{line}\n" for line in lines))

    def down(self, yes: bool) -> None:
        file = self.folder / "down"
        file.touch() if yes else file.unlink()

    @property
    def asked(self) -> int:
        file = self.folder / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0


class Clock:
    """A monotonic clock that stands still until told."""

    now = 1000.0


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    made = Slurm(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(scheduler.time, "monotonic", lambda: made.now)
    return made


@pytest.fixture
def paths(tmp_path: Path) -> StudyPaths:
    (tmp_path / "study").mkdir()
    return StudyPaths(tmp_path / "study")


def header(job: int = 7, restart: int = 0) -> WorkerHeader:
    return WorkerHeader(job=str(job), restart=restart, user=os.getuid())


@pytest.mark.parametrize(
    ("state", "restarts", "word"),
    [
        ("RUNNING", 1, RUNNING),
        ("PENDING", 1, RUNNING),
        ("COMPLETING", 1, RUNNING),
        ("RUNNING", 2, ENDED),  # in another life
        ("RUNNING", 0, None),  # an answer that is older than the worker
        ("COMPLETED", 0, None),
        ("COMPLETED", 1, ENDED),
        ("OUT_OF_MEMORY", 1, ENDED),
        ("CANCELLED by 0", 1, ENDED),
        ("NODE_FAIL", 1, MAYBE),
        ("PREEMPTED", 1, MAYBE),
        ("NODE_FAIL", 2, ENDED),
    ],
)
def test_what_a_state_says_of_a_worker(
    slurm: Slurm, paths: StudyPaths, state: str, restarts: int, word: str | None
) -> None:
    slurm.lists((7, state, restarts))
    assert Scheduler(paths).word(header(restart=1)) == word


def test_who_was_no_job_of_ours_is_not_asked_about(slurm: Slurm, paths: StudyPaths) -> None:
    observer = Scheduler(paths)
    assert observer.word(WorkerHeader()) is None
    assert observer.word(WorkerHeader(restart=0, user=os.getuid())) is None
    assert observer.word(replace(header(), user=os.getuid() + 1)) is None
    assert slurm.asked == 0


def test_a_job_that_is_not_listed_ended_once_an_answer_was_asked_for_since(
    slurm: Slurm, paths: StudyPaths, clock: Clock
) -> None:
    mine, other = Scheduler(paths), Scheduler(paths)
    other.refresh()
    assert mine.word(header()) is None, "asked before"
    clock.now += EVERY_S
    (answers(paths) / "2").touch()  # somebody began to ask, and the answer may be from before
    (answers(paths) / "3").touch()
    late = Scheduler(paths)
    assert late.word(header()) is None
    answer = json.loads((answers(paths) / "answer").read_text())
    for number, known in ((3, None), (4, ENDED)):
        (answers(paths) / "answer").write_text(json.dumps(answer | {"number": number}))
        assert late.word(header()) == known
    assert mine.word(header()) == ENDED


def test_one_question_serves_all_and_another_is_asked_only_after_a_while(
    slurm: Slurm, paths: StudyPaths, clock: Clock
) -> None:
    observers = [Scheduler(paths) for _ in range(20)]
    for _ in range(600):  # ten minutes
        for observer in observers:
            observer.refresh()
        clock.now += 1
    assert slurm.asked <= 4 * 10
    assert slurm.asked >= 2 * 10
    assert len(list(answers(paths).iterdir())) == 2, "the answer, and its number"


def test_processes_ask_one_at_a_time(slurm: Slurm, paths: StudyPaths) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sweeper.cluster import scheduler\n"
        "from sweeper.paths import StudyPaths\n"
        "scheduler.EVERY_S = 0.5\n"
        "observer = scheduler.Scheduler(StudyPaths(Path(sys.argv[1])))\n"
        "sys.stdin.readline()\n"
        "began = time.monotonic()\n"
        "while time.monotonic() < began + 2:\n"
        "    observer.refresh()\n"
        "    time.sleep(0.01)\n"
    )
    command = [sys.executable, "-c", code, str(paths.folder)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(4)]
    for process in started:
        process.communicate(b"\n")
        assert process.returncode == 0
    answer = json.loads((answers(paths) / "answer").read_text())
    assert slurm.asked == answer["number"], "each number was asked for by one"
    assert 2 <= slurm.asked <= 4 * 2 / 0.5 + 1


def test_who_dies_over_a_question_is_passed_over(
    slurm: Slurm, paths: StudyPaths, clock: Clock
) -> None:
    observer = Scheduler(paths)
    observer.refresh()
    clock.now += EVERY_S
    (answers(paths) / "2").touch()
    while observer.number == 1:
        observer.refresh()
        clock.now += 1
        assert clock.now < 1000 + EVERY_S + 95, "never passed over"
    assert clock.now > 1000 + EVERY_S + 90, "a command of Slurm's may take a minute"
    assert (observer.number, slurm.asked) == (3, 2)


def test_failures_are_no_answer_and_are_asked_again_ever_more_slowly(
    slurm: Slurm, paths: StudyPaths, clock: Clock
) -> None:
    slurm.lists((7, "RUNNING", 0))
    observer = Scheduler(paths)
    assert observer.word(header()) == RUNNING
    slurm.down(True)
    moments = []
    for _ in range(1000):
        clock.now += 1
        before = slurm.asked
        word = observer.word(header())
        if slurm.asked > before:
            moments.append(clock.now - 1000)
        assert word == (None if moments else RUNNING)
    assert moments == [20, 60, 140, 300, 600, 900]
    assert observer.jobs("sweeper-x") is None
    slurm.down(False)
    clock.now += 300
    assert observer.word(header()) == RUNNING


def test_elements_that_wait_share_a_number_and_are_all_counted(
    slurm: Slurm, paths: StudyPaths
) -> None:
    slurm.lists(*[(7, "PENDING", 0)] * 5, (8, "RUNNING", 0))
    jobs = Scheduler(paths).jobs("sweeper-x")
    assert jobs is not None
    assert [job.id for job in jobs] == ["7"] * 5 + ["8"]
    assert Scheduler(paths).jobs("sweeper-y") == []


def test_where_there_is_no_slurm_nothing_is_known(
    paths: StudyPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Scheduler(paths).word(header()) is None


@pytest.mark.parametrize(
    "written", ["[]", "{}", '{"number": 9', '{"number": 9, "failures": 0, "jobs": [{"id": "7"}]}']
)
def test_an_answer_that_is_torn_or_of_another_form_is_none_and_is_asked_for_anew(
    slurm: Slurm, paths: StudyPaths, clock: type[Clock], written: str
) -> None:
    slurm.lists((7, "RUNNING", 0))
    answers(paths).mkdir(parents=True)
    (answers(paths) / "answer").write_text(written)
    assert Scheduler(paths).word(header()) == RUNNING and slurm.asked == 1
    assert json.loads((answers(paths) / "answer").read_bytes())["jobs"][0]["id"] == "7"


def test_a_study_that_was_moved_is_not_made_anew(
    slurm: Slurm, paths: StudyPaths, clock: type[Clock]
) -> None:
    observer = Scheduler(paths)
    paths.folder.rmdir()
    assert observer.word(header()) is None
    assert not paths.folder.exists() and slurm.asked == 0
