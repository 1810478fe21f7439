"""Fixtures that most tests of the orchestrator need."""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import submitit  # noqa: F401 (before dm_control: it closes what absl logs to, which is pytest's)
import yaml

from sweeper import figures
from sweeper.cluster import slurm
from sweeper.cluster.script import job_name
from sweeper.log import to_stderr
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study import provenance, studies
from sweeper.study.study import Study
from tests.helpers import compiled_models
from tests.helpers.paths import COUNTER_AGENT, ROOT
from tests.helpers.played_study import player
from tests.helpers.slowest import SLOWEST

gc.set_threshold(100_000, 50, 100)  # it takes a twentieth of the suite's time else
to_stderr()  # as in a command or a worker, whose parts tests call


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each worker begins elsewhere in a folder: a file that one has compiled the others read.

    `pytest_collection_modifyitems` puts what they collected into one order again.
    """
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker is not None and isinstance(collector, pytest.Dir) and report.result:
        number = int(worker["workerid"].removeprefix("gw"))
        first = len(report.result) * number // worker["workercount"]
        report.result = [*report.result[first:], *report.result[:first]]
    return report


_WORKERS = 3
"""Of so many workers one has the files that wait, and the others keep two cores busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, then the largest, and between them those that wait for a cluster.

    Workers that take files in this order end at about the same time, and wait one at a time.
    """
    sizes = Counter(item.path for item in items)
    slowest = {ROOT / "tests" / file: place for place, file in enumerate(SLOWEST)}
    waiting = {item.path for item in items if _waits(item)}

    def turn(path: Path) -> tuple[int, int, str]:
        return slowest.get(path, len(slowest)), -sizes[path], str(path)

    order = sorted(sizes.keys() - waiting, key=turn)
    for place, path in enumerate(sorted(waiting, key=turn)):
        order.insert(place * _WORKERS, path)
    places = {path: place for place, path in enumerate(order)}
    items.sort(key=lambda item: places[item.path])


def _waits(item: pytest.Item) -> bool:
    """Whether all of its file waits for a Slurm cluster."""
    module = item.getparent(pytest.Module)
    marks = module.own_markers if module is not None else []
    return any("cluster" in mark.args for mark in marks)


_MODULES = 50
"""So many new modules are worth a round."""


@pytest.fixture(autouse=True)
def _quick_garbage_collection(_imported: list[int] = [0]) -> None:  # noqa: B006
    """Takes what imports made out of garbage collection, whose full rounds take half a second else.

    A worker makes one after each pack that raised.
    """
    if len(sys.modules) > _imported[0] + _MODULES:
        gc.collect()
        gc.freeze()
        _imported[0] = len(sys.modules)


@pytest.fixture(autouse=True)
def _models_are_compiled_once() -> None:
    """Simulations of one task are copies of one model."""
    compiled_models.keep()


@pytest.fixture(autouse=True)
def _own_search_path() -> Iterator[None]:
    """Takes folders that a test made importable off the search path, as its look-ups try them all.

    A worker's path has one or two such folders; that of a suite would have hundreds else.
    """
    before = [*sys.path]
    yield
    sys.path[:] = before


@functools.cache
def _missing_cluster() -> str | None:
    """Why there is no Slurm to test with; `None` where there is one."""
    if "SLURM_CONF" not in os.environ:
        return "no Slurm cluster: SLURM_CONF is not set (slurm/cluster up starts one)"
    try:
        slurm.ask("scontrol", "ping", timeout_s=15)
    except slurm.Unanswered as error:
        return f"the Slurm cluster of SLURM_CONF does not answer: {error}"
    return None


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[None]:
    """The Slurm cluster that SLURM_CONF points to; jobs of the test's studies end with it."""
    missing = _missing_cluster()
    if missing is not None:
        pytest.skip(missing)
    yield
    names = {job_name(plan.parent) for plan in tmp_path.glob("studies/*/plans")}
    slurm.cancel(job.id for name in names for job in slurm.jobs(name) if job.live)


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    """A space of 2 x 2 trials and 3 seeds that hops in no time."""
    file = tmp_path / "hops.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "study": "hops",
                "agent": f"{COUNTER_AGENT}:Counter",
                "axes": {
                    "width": {"kind": "choice", "values": [1, 2]},
                    "size": {"kind": "float", "values": [0.1, 0.3]},
                },
                "tasks": {"line": {"low": 0.0, "high": 2.0}},
                "seeds": 3,
                "steps": 40,
                "evaluation": {"every": 10, "episodes": 1},
                "score": {"metric": "value", "at": "final", "aggregate": "iqm"},
                "figures": [{"heatmap": {}}],
            },
            sort_keys=False,
        )
    )
    return file


@pytest.fixture
def make_study(space_file: Path, tmp_path: Path) -> Callable[..., Study]:
    """Starts a study of that space, changed by `key=value` words."""

    def make(*words: str, name: str = "hops") -> Study:
        space = load(space_file, None, parse_words(words, ())[1])
        return studies.start(tmp_path / "studies" / name, space)

    return make


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file without which counters hardly get on, whoever runs them."""
    file = tmp_path / "gate"
    file.touch()
    monkeypatch.setenv("COUNTER_GATE", str(file))
    return file


@pytest.fixture(autouse=True)
def one_format(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of studies are written as SVG alone, which is quick, but for tests that say
    `all_formats`.
    """
    if request.node.get_closest_marker("all_formats") is None:
        monkeypatch.setattr(figures, "OF_A_STUDY", (".svg",))


_OF_THIS_CHECKOUT = functools.cache(provenance._diff)


@pytest.fixture(autouse=True)
def one_look_at_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is changed in this checkout is asked of git once, as no test changes it."""
    real, package = provenance._diff, ROOT / "sweeper"
    look = lambda folder: (_OF_THIS_CHECKOUT if folder == package else real)(folder)  # noqa: E731
    monkeypatch.setattr(provenance, "_diff", look)


@pytest.fixture
def played(tmp_path: Path) -> Callable[..., Study]:
    """A study that nobody ran: `went` says how each run did. Other keys are the space's."""
    return player(tmp_path)
