"""Packs that do not fit are halved until they do; a run ends as oom on evidence alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.cluster.scheduler import answers
from sweeper.files import memory_cgroup
from sweeper.planning.loading import load
from sweeper.results.failed_runs import failed
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.process import heartbeat
from sweeper.worker.process.heartbeat import identity
from sweeper.worker.worker import Worker
from tests.helpers.worker_parts import WorkerParts

Make = Callable[..., Study]


LIMITED = """
import resource, sys, threading
import numpy as np
from pathlib import Path
from sweeper import figures
from sweeper.dispatch import entry
from sweeper.results.export import optuna_storage
from sweeper.worker.process import heartbeat
heartbeat.BEAT_S = 0.0
if sys.argv[4] == "dqn":
    import torch, torch.nn.functional, agents.training.pack, agents.envs.minatar
np.ones((512, 512)) @ np.ones((512, 512))  # OpenBLAS ends the process that has no memory for it
watching = threading.Thread(target=bytearray, args=(1 << 16,))
watching.start()  # as a worker's watchdog, which takes address space of its own
watching.join()
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (int(sys.argv[1]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
entry.work(sys.argv[2], sys.argv[3], "cpu", "1")
"""


DQN: dict[str, Any] = {
    "study": "nets",
    "agent": "dqn",
    "fixed": {
        "network.body": "mlp",
        "network.layers": 2,
        "batch_size": 4,
        "replay.capacity": 100,
        "warmup_steps": 16,
        "epsilon.decay_until": 32,
        "update_every": 16,
    },
    "axes": {"network.units": {"kind": "int", "values": [1024]}},
    "tasks": {"minatar/breakout": {"low": 0, "high": 10}},
    "seeds": 8,
    "steps": 32,
    "evaluation": {"every": 32, "episodes": 1, "cap": 4},
    "score": {"metric": "return"},
    "figures": [],
}
"""A member takes 35 MB: 1.5 million weights in six copies."""


FUNCTION = """
import os, signal
def train(config, run):
    held = bytearray(config["mb"] << 20)
    for i in range(0, len(held), 4096):
        held[i] = 1
    if config["die"]:
        assert run.folder.is_dir()  # from here on a report is recorded, and a beat made, before
        run.report(0, loss=1.0)  # the function goes on
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0
"""


@pytest.fixture
def nets(tmp_path: Path) -> Make:
    """Starts a study of DQNs, changed by `key=value` words."""
    (tmp_path / "nets.yaml").write_text(yaml.safe_dump(DQN))
    return _maker(tmp_path / "nets.yaml")


@pytest.fixture
def functions(tmp_path: Path) -> Make:
    """Starts a study of functions that take `mb` of memory, and may kill their worker."""
    (tmp_path / "hog.py").write_text(FUNCTION)
    space = {
        "study": "hogs",
        "function": "hog.py:train",
        "fixed": {"die": False},
        "axes": {"mb": {"kind": "int", "values": [1]}},
        "tasks": {"t": {"low": 0, "high": 1}},
        "steps": 1,
        "score": {"metric": "value"},
        "figures": [],
    }
    (tmp_path / "hogs.yaml").write_text(yaml.safe_dump(space))
    return _maker(tmp_path / "hogs.yaml")


def _maker(file: Path) -> Make:
    def make(*words: str, name: str = "limited") -> Study:
        space = load(file, None, parse_words(words, ())[1])
        return studies.start(file.parent / "studies" / name, space)

    return make


def limited(made: Study, megabytes: int, pack: str = "auto") -> int:
    """A worker whose address space may grow by so much; its exit code."""
    words = [str(megabytes), str(made.folder), pack, str(made.space.agent)]
    command = [sys.executable, "-c", LIMITED, *words]
    return subprocess.run(command, check=False, timeout=600, stderr=subprocess.DEVNULL).returncode


def tended(made: Study, pack: str, cgroup: Path | None = None) -> int:
    """`sweeper work`, which starts a worker anew whenever it is killed; its exit code."""
    words = [f"study={made.folder.name}", f"root={made.folder.parent}", f"pack={pack}"]
    command = [sys.executable, "-m", "sweeper", "work", *words, "device=cpu", "workers=1"]

    def join() -> None:
        if cgroup is not None:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))

    return subprocess.run(
        command, preexec_fn=join, check=False, timeout=600, stderr=subprocess.DEVNULL
    ).returncode


def table(made: Study) -> list[tuple[object, ...]]:
    """All that counts of every run, exactly."""
    runs = made.ledger_state().runs
    return [(r.id, runs[r.id].state, runs[r.id].score, runs[r.id].reports) for r in made.plan.runs]


def states(made: Study, axis: str) -> dict[object, set[str]]:
    """The states of the runs by their value on an axis."""
    found: dict[object, set[str]] = {}
    runs = made.ledger_state().runs
    for run in made.plan.runs:
        found.setdefault(run.params[axis], set()).add(runs[run.id].state)
    return found


def halved(made: Study, undisturbed: Study) -> None:
    """Asserts that a pack of all runs was halved until it fitted, which changed no result."""
    records, size = made.ledger_state().runs.values(), len(made.plan.runs)
    assert {record.tries[0].pack for record in records} == {size}
    assert all(record.attempts > 1 and record.tries[record.last].pack < size for record in records)
    assert all(record.deaths == record.failures == 0 for record in records)
    Worker(undisturbed, pack="1", device="cpu", workers=1).run()
    assert {state for _, state, *_ in table(made)} == {"complete"}
    assert table(made) == table(undisturbed)


def test_a_pack_that_is_refused_memory_is_halved_until_it_fits(nets: Make) -> None:
    made = nets()
    assert limited(made, 220, pack="8") == 0
    assert {r.tries[0].released for r in made.ledger_state().runs.values()} == {"memory"}
    halved(made, nets(name="undisturbed"))


def test_a_pack_of_its_own_size_fits_at_once(nets: Make) -> None:
    made = nets()
    assert limited(made, 240) == 0
    records = made.ledger_state().runs.values()
    assert {(r.state, r.attempts) for r in records} == {("complete", 1)}
    assert {r.tries[0].pack for r in records} <= {1, 2, 3}, "four would be best on a CPU"


def test_a_network_that_does_not_fit_alone_ends_as_oom_and_the_others_complete(nets: Make) -> None:
    made = nets("axes.network.units.values=[16,4096]", "seeds=2")
    assert limited(made, 220) == 0
    assert states(made, "network.units") == {16: {"complete"}, 4096: {"oom"}}
    assert {r.attempts for r in made.ledger_state().runs.values()} == {1}
    told = "\n".join(failed(made, trace=False))
    assert told.count("out of memory, alone in its pack: RuntimeError") == 2


def test_a_function_that_raises_memory_error_ends_as_oom(functions: Make) -> None:
    made = functions("axes.mb.values=[1,900]", "seeds=2")
    assert limited(made, 500) == 0
    assert states(made, "mb") == {1: {"complete"}, 900: {"oom"}}
    assert "MemoryError" in "\n".join(failed(made, trace=False))


@pytest.mark.parametrize(("mb", "state"), [(1, "lost"), (500, "oom")])
def test_who_is_killed_near_its_limit_died_of_it(functions: Make, mb: int, state: str) -> None:
    made = functions("fixed.die=true", f"axes.mb.values=[{mb}]", "seeds=1", "limits.deaths=2")
    codes = [limited(made, 600) for _ in range(3 if state == "lost" else 2)]
    assert codes == ([-9, -9, 0] if state == "lost" else [-9, 0])
    (record,) = made.ledger_state().runs.values()
    assert record.state == state
    assert ("when last seen" in str(record.error)) == (state == "oom")


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A cgroup of 460 MB in that of this process."""
    own = memory_cgroup.own_cgroup()
    if own is None:
        pytest.skip("no cgroup accounts for this process's memory")
    folder = Path(own) / f"sweeper-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    try:
        limit = next(
            (f for n in ("memory.max", "memory.limit_in_bytes") if (f := folder / n).exists()), None
        )
        if limit is None:
            pytest.skip("a cgroup below that of this process may not bound memory")
        limit.write_text(str(460 << 20))
        if (swap := folder / "memory.swap.max").exists():
            swap.write_text("0")
        yield folder
    finally:
        folder.rmdir()


def test_a_pack_that_the_kernel_kills_is_halved_until_it_fits(nets: Make, cgroup: Path) -> None:
    """Four are too many however little torch itself takes, one is not however much."""
    large = ("axes.network.units.values=[2048]", "seeds=4")
    made = nets(*large)
    assert tended(made, "4", cgroup) == 0
    assert memory_cgroup.kills_in(str(cgroup)) > 0
    halved(made, nets(*large, name="undisturbed"))


def test_a_network_that_the_kernel_kills_alone_ends_as_oom(nets: Make, cgroup: Path) -> None:
    made = nets("axes.network.units.values=[16,4096]", "seeds=1")
    assert tended(made, "1", cgroup) == 0
    assert states(made, "network.units") == {16: {"complete"}, 4096: {"oom"}}
    assert f"in its cgroup {cgroup}: 1, 0 before" in "\n".join(failed(made, trace=False))


def test_who_is_killed_with_little_memory_is_lost(functions: Make) -> None:
    made = functions("fixed.die=true", "seeds=1", "limits.deaths=2")
    assert tended(made, "1") == 0
    (record,) = made.ledger_state().runs.values()
    assert (record.state, record.error, record.deaths) == ("lost", None, 2)


@pytest.mark.parametrize(("said", "state"), [("OUT_OF_MEMORY", "oom"), ("FAILED", "lost")])
def test_slurm_s_word_is_evidence(
    functions: Make, monkeypatch: pytest.MonkeyPatch, said: str, state: str
) -> None:
    made = functions("seeds=1", "limits.deaths=1")
    silent = WorkerParts(made, replace(identity(), boot="another machine", job="77"))
    silent.attempts.start(silent.claim())
    job = {"id": "77", "state": said, "restarts": 0, "name": "n", "reason": ""}
    answer = {"number": 5, "failures": 0, "time": 0.0, "jobs": [job]}
    answers(made.paths).mkdir(parents=True)
    (answers(made.paths) / "answer").write_text(json.dumps(answer))
    monkeypatch.setattr(heartbeat, "STALE_S", 0.5)
    Worker(made, pack="1", device="cpu", workers=1).run()
    (record,) = made.ledger_state().runs.values()
    assert record.state == state
    assert ("Slurm ended its job 77 as OUT_OF_MEMORY" in str(record.error)) == (state == "oom")
