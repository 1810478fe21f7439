"""The thread in which a function runs: its reports, its end, and whether it makes progress."""

from __future__ import annotations

import math
import os
import queue
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeper import lookup
from sweeper.trainable import function
from sweeper.trainable.function import FunctionPack

LIMIT_S = 120
"""Longer than anything here takes on a machine under load."""


def test_a_file_named_like_a_known_module_replaces_nothing(tmp_path: Path) -> None:
    known = sys.modules["yaml"]
    pack = begin(tmp_path, "NAME = __name__\ndef train(config, run):\n    raise KeyError(NAME)\n")
    with pytest.raises(KeyError) as caught:
        wait(pack)
    (name,) = caught.value.args
    assert sys.modules["yaml"] is known
    assert name != "yaml"
    module = sys.modules[name]
    assert module.__file__ == str(tmp_path / "yaml.py")
    assert lookup.import_file(tmp_path / "yaml.py") is module, "imported once"
    del sys.modules[name]


def test_a_long_import_blocks_nobody_and_a_dropped_run_is_not_begun(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    pack = begin(
        tmp_path,
        "from pathlib import Path\n"
        "DONE = Path(__file__).with_name('go').read_text()\n"
        "def train(config, run):\n"
        "    (run.folder / 'begun').touch()\n"
        "    return 1.0\n",
    )
    assert list(pack.advance()) == [], "its worker stays responsive"
    pack.drop([0])
    (tmp_path / "go").write_text("done")
    ended()
    assert lookup.import_file(tmp_path / "yaml.py").DONE == "done"
    assert not (tmp_path / "r" / "begun").exists()


def test_reports_before_an_error_are_not_lost(tmp_path: Path) -> None:
    pack = begin(
        tmp_path,
        "import queue\n"
        "def train(config, run):\n"
        "    run.report(1, loss=1.0)\n"
        "    raise queue.Empty('mine')\n",
    )
    ended()
    assert [report.step for report in pack.advance()] == [1]
    with pytest.raises(queue.Empty, match="mine"):
        pack.advance()


def test_a_run_ends_once_though_the_function_goes_on(tmp_path: Path) -> None:
    pack = begin(
        tmp_path,
        "def train(config, run):\n"
        "    for step in range(3):\n"
        "        try:\n"
        "            run.report(step, loss=float('nan'))\n"
        "        except BaseException:\n"
        "            pass\n"
        "    return 1.0\n",
    )
    assert [report.done for report in wait(pack)] == [True]


def test_a_function_that_only_waits_makes_no_progress(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    body = "    return float(Path(__file__).with_name('go').read_text())\n"
    text = f"from pathlib import Path\ndef train(config, run):\n{body}"
    pack = begin(tmp_path, text, children_every_s=math.inf)
    pack.advance()
    before = pack.progress
    assert list(pack.advance()) == [], "its worker stays responsive"
    spin(1.2)
    assert pack.progress == before, "a hung function must not look alive by its worker's work"
    (tmp_path / "go").write_text("1")
    assert [report.metrics for report in wait(pack)] == [{"value": 1.0}]


BUSY = """
import subprocess, sys, threading
from pathlib import Path

STOP = Path(__file__).with_name("stop")
SPIN = f"import os\\nwhile not os.path.exists({str(STOP)!r}): pass"
BELOW = f"import subprocess, sys\\nsubprocess.run([sys.executable, '-c', {SPIN!r}])"

def train(config, run):
    Path(__file__).with_name("go").read_text()
    WORK
    return 1.0
"""


@pytest.mark.parametrize(
    "work",
    [
        "exec(SPIN)",
        "run.report(1, loss=1.0)",
        "thread = threading.Thread(target=exec, args=(SPIN,)); thread.start(); thread.join()",
        "subprocess.run([sys.executable, '-c', SPIN])",
        "subprocess.run([sys.executable, '-c', BELOW])",
    ],
    ids=["itself", "a report", "a thread", "a child", "a grandchild"],
)
def test_what_a_function_does_is_progress(tmp_path: Path, work: str) -> None:
    os.mkfifo(tmp_path / "go")
    pack = begin(tmp_path, BUSY.replace("WORK", work), children_every_s=0.0)
    before, deadline = pack.progress, time.monotonic() + LIMIT_S
    (tmp_path / "go").write_text("go")
    try:
        while pack.progress <= before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        (tmp_path / "stop").touch()
        wait(pack)


def test_children_are_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    monkeypatch.setattr(function, "children_s", lambda: looks.append(0.0) or 0.0)
    pack = begin(tmp_path, "def train(config, run):\n    return 1.0\n")
    assert len({pack.progress for _ in range(50)}) <= 2
    assert len(looks) == 0, "a short run has none worth the time"
    later = time.monotonic() + 11
    monkeypatch.setattr(function.time, "monotonic", lambda: later)
    assert len({pack.progress for _ in range(50)}) <= 2
    assert len(looks) == 1


def begin(folder: Path, text: str, **options: float) -> FunctionPack:
    """Starts `train` of a file with `text`, named like a module that is imported already."""
    file = folder / "yaml.py"
    file.write_text(text)
    run: Any = SimpleNamespace(id="r", params={}, task="default", seed=0, steps=3, evaluation=None)
    return FunctionPack(lambda: lookup.import_file(file).train, run, folder / "r", **options)


def wait(pack: FunctionPack) -> list[Any]:
    """All reports until the run has ended, and those that come though it has."""
    deadline = time.monotonic() + LIMIT_S
    reports: list[Any] = []
    while not any(report.done for report in reports):
        assert time.monotonic() < deadline
        reports += pack.advance()
    ended()
    return reports + list(pack.advance())


def ended() -> None:
    """Waits until the threads of functions have ended."""
    for thread in threading.enumerate():
        if thread.daemon and thread.name.endswith("(_call)"):
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def spin(seconds: float) -> None:
    """Uses this thread's processor time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("return 1.0", False),
        ("run.folder; return 1.0", False),
        ("(run.folder / 'x').touch(); return 1.0", True),
    ],
    ids=["not asked for", "empty", "used"],
)
def test_a_run_leaves_a_folder_only_where_it_put_something_in(
    tmp_path: Path, body: str, left: bool
) -> None:
    pack = begin(tmp_path, f"def train(config, run):\n    {body}\n")
    assert [report.done for report in wait(pack)] == [True]
    deadline = time.monotonic() + LIMIT_S
    while (tmp_path / "r").exists() != left:
        assert time.monotonic() < deadline
        time.sleep(0.01)
