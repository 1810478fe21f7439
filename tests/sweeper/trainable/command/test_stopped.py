"""Programs whose worker is stopped or killed: nothing is left running, lost or counted twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.study.study import Study
from sweeper.trainable.command.command import CommandPack
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.worker import Worker
from tests.helpers.waiting import until

Program = Callable[..., Study]

FAMILY = """
import subprocess
sleep = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
for name, code in (("child", sleep), ("deaf", deaf + sleep), ("far", sleep)):
    words = [sys.executable, "-S", "-c", code, f"{folder}/{name}"]
    subprocess.Popen(words, start_new_session=name == "far")
while not all(os.path.exists(f"{folder}/{name}") for name in ("child", "deaf", "far")):
    time.sleep(0.01)
open(f"{folder}/self", "w").write(str(os.getpid()))
"""
"""A program that starts a child, one that SIGTERM does not end, and one in a session of its own."""


def join(study: Study) -> subprocess.Popen[bytes]:
    """A worker in a process of its own."""
    command = [sys.executable, "-m", "sweeper.dispatch.entry", str(study.folder), "1", "cpu", "1"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def folder(study: Study) -> Path:
    (run,) = study.plan.runs
    return study.paths.runs / run.id


def family(study: Study) -> list[int]:
    files = [folder(study) / name for name in ("self", "child", "deaf", "far")]
    until(lambda: all(file.exists() and file.read_text() for file in files))
    return [int(file.read_text()) for file in files]


def alive(pids: list[int]) -> list[int]:
    def there(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    return [pid for pid in pids if there(pid)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_when_the_worker_is_ended(
    program: Program, how: signal.Signals
) -> None:
    study = program(f"{FAMILY}\ntime.sleep(600)\n")
    worker = join(study)
    pids = family(study)
    assert alive(pids) == pids
    worker.send_signal(how)
    until(lambda: not alive(pids))
    worker.wait()


def test_nothing_is_left_running_when_the_program_ends_by_itself(program: Program) -> None:
    study = program(f"{FAMILY}\nsay(1, **{{'return': 1}})\n")
    Worker(study, pack="1", device="cpu", workers=1).run()
    assert alive(family(study)) == []
    assert {record.state for record in study.ledger_state().runs.values()} == {"complete"}


def test_a_stop_gives_the_program_time_to_save_and_its_last_lines_count(program: Program) -> None:
    study = program(
        "def save(*_):\n    say(3, **{'return': 3})\n    open(f'{folder}/saved', 'w').close()\n"
        "    sys.exit(0)\n"
        "if resumed:\n    assert os.path.exists(f'{folder}/saved')\n    say(4, **{'return': 4})\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\nsay(2, **{'return': 2})\ntime.sleep(600)\n"
    )
    stopping = StopSignal()
    worker = Worker(study, pack="1", device="cpu", workers=1, stopping=stopping)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until(lambda: any(record.step for record in study.ledger_state().runs.values()))
    stopping.set()
    thread.join()
    (record,) = study.ledger_state().runs.values()
    assert record.state == "open", "a program that was asked to leave has not ended its run"
    assert [step for step, _ in record.reports] == [2, 3]
    Worker(study, pack="1", device="cpu", workers=1).run()
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.attempts, record.failures) == ("complete", 2, 0)
    assert [step for step, _ in record.reports] == [2, 3, 4]


def test_lines_that_a_killed_worker_never_read_are_neither_lost_nor_counted_twice(
    program: Program,
) -> None:
    study = program(
        "file = f'{folder}/step'\n"
        "first = int(open(file).read()) if os.path.exists(file) else 0\n"
        "for step in range(first + 1, 11):\n"
        "    say(step, **{'return': step + first / 100})\n"
        "    open(file, 'w').write(str(step))\n"
        "    if step in (4, 7):\n        os.kill(os.getppid(), 0) or time.sleep(0)\n"
        "        os.kill(int(open(f'{folder}/worker').read()), signal.SIGKILL); time.sleep(60)\n"
    )
    for _ in range(2):
        folder(study).mkdir(parents=True, exist_ok=True)
        worker = join(study)
        (folder(study) / "worker").write_text(str(worker.pid))
        assert worker.wait() == -signal.SIGKILL
    assert join(study).wait() == 0
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.attempts) == ("complete", 3)
    scores = [(step, metrics["return"]) for step, metrics in record.reports]
    later = [*(step + 0.0 for step in range(1, 5)), 5.04, 6.04, 7.04, 8.07, 9.07, 10.07]
    assert scores == list(zip(range(1, 11), later, strict=True))


def test_a_program_that_starts_over_counts_once(program: Program) -> None:
    study = program(
        "for step in (1, 2, 3):\n"
        "    say(step, **{'return': step + 10 * resumed})\n"
        "    if step == 2 and not resumed:\n        time.sleep(0.5); sys.exit(1)\n"
    )
    Worker(study, pack="1", device="cpu", workers=1).run()
    (record,) = study.ledger_state().runs.values()
    assert [metrics["return"] for _, metrics in record.reports] == [11.0, 12.0, 13.0]


def test_a_run_whose_program_was_done_when_its_worker_died_is_complete(program: Program) -> None:
    study = program(
        "if not resumed:\n    say(10, **{'return': 5})\n"
        "    os.kill(int(open(f'{folder}/worker').read()), signal.SIGKILL); time.sleep(60)\n"
    )
    folder(study).mkdir(parents=True)
    worker = join(study)
    (folder(study) / "worker").write_text(str(worker.pid))
    worker.wait()
    Worker(study, pack="1", device="cpu", workers=1).run()
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.value) == ("complete", 5.0)


def test_two_programs_of_a_run_are_never_at_work_together(tmp_path: Path, spec) -> None:
    body = (
        "import os, signal, sys, time\n"
        "mark = os.environ['SWEEPER_FOLDER'] + '/busy'\n"
        "assert not os.path.exists(mark), 'another is at work'\n"
        "open(mark, 'w').close()\n"
        "def leave(*_):\n    time.sleep(0.5)\n    os.remove(mark)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "open(mark + '.on', 'a').write('x')\n"
        "time.sleep(600 if len(open(mark + '.on').read()) == 1 else 0)\n"
    )
    (tmp_path / "p.py").write_text(body)
    words = ["python", "-S", "p.py"]
    first = CommandPack(words, spec, tmp_path / "r", tmp_path, "cpu")
    until((tmp_path / "r" / "busy.on").exists)
    first._process._channel.close()  # as where its worker is killed
    second = CommandPack(words, spec, tmp_path / "r", tmp_path, "cpu")
    reports = until(second.advance)
    assert [report.done for report in reports] == [True]
    first._process._watcher.wait()


def test_a_program_that_is_deaf_to_sigterm_is_killed_after_its_grace(tmp_path: Path, spec) -> None:
    (tmp_path / "p.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready')\ntime.sleep(600)\n"
    )
    pack = CommandPack(["python", "-S", "p.py"], spec, tmp_path / "r", tmp_path, "cpu", grace_s=0.5)
    until(lambda: "ready" in (tmp_path / "r" / "output.log").read_text())
    begin = time.monotonic()
    pack.drop([0])
    assert 0.4 < time.monotonic() - begin < 30
    assert list(pack.advance()) == []


def test_a_program_dies_with_its_watcher(tmp_path: Path, spec) -> None:
    (tmp_path / "p.py").write_text("import os, time\nprint(os.getpid())\ntime.sleep(600)\n")
    pack = CommandPack(["python", "-S", "p.py"], spec, tmp_path / "r", tmp_path, "cpu")
    output = tmp_path / "r" / "output.log"
    until(lambda: output.read_text().count("\n") == 2)
    pid = int(output.read_text().split()[-1])
    pack._process._watcher.kill()
    with pytest.raises(RuntimeError, match="was killed by SIGKILL"):
        until(pack.advance)
    until(lambda: not alive([pid]))


def test_a_signal_from_outside_is_a_failure_only_where_the_worker_goes_on(
    tmp_path: Path, spec
) -> None:
    (tmp_path / "p.py").write_text("import os\nos.kill(os.getpid(), 15)\n")
    pack = CommandPack(["python", "-S", "p.py"], spec, tmp_path / "r", tmp_path, "cpu")
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="was killed by SIGTERM"):
        while time.monotonic() - begin < 60:
            assert list(pack.advance()) == []
    assert time.monotonic() - begin >= 1.0


def test_what_it_does_is_progress(tmp_path: Path, spec) -> None:
    (tmp_path / "p.py").write_text("import time\nprint('a', flush=True)\ntime.sleep(600)\n")
    pack = CommandPack(["python", "-S", "p.py"], spec, tmp_path / "r", tmp_path, "cpu")
    begin = pack.progress
    until(lambda: pack.progress > begin)
    (tmp_path / "r" / "metrics.0.jsonl").write_text('{"step": 1')
    assert list(pack.advance()) == [], "a line without an end waits"
    (tmp_path / "r" / "metrics.0.jsonl").write_text('{"step": 1, "a": 2}\n')
    before = pack.progress
    assert [report.metrics for report in until(pack.advance)] == [{"a": 2.0}]
    assert pack.progress > before
    pack.drop([0])
