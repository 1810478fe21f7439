"""Studies whose runs are populations: they end once, go on, grow, and are told of as others are."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.report.page.rerun_command import reruns
from sweeper.report.status import summarise
from sweeper.results.export import tidy_tables
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.trainable.population.evolution import first_generation, next_generation
from sweeper.trainable.population.rules import Rules
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.worker import Worker
from tests.helpers.command import call
from tests.helpers.killed_workers import run, table
from tests.helpers.paths import COUNTER_AGENT

SPACE = {
    "study": "pop",
    "agent": f"{COUNTER_AGENT}:Counter",
    "axes": {
        "width": {"kind": "choice", "values": [1, 2]},
        "size": {"kind": "float", "low": 0.1, "high": 0.9},
    },
    "population": {"size": 8, "every": 20, "frequencies": [1, 2]},
    "tasks": {"line": {"low": 0.0, "high": 2.0}},
    "seeds": 2,
    "steps": 100,
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value"},
    "figures": [],
}

Make = Callable[..., Study]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "pop.yaml"
    written.write_text(yaml.safe_dump(SPACE, sort_keys=False))
    return written


def space(file: Path, *words: str) -> Space:
    return load(file, None, parse_words(words, ())[1])


@pytest.fixture
def make(file: Path, tmp_path: Path) -> Make:
    def started(*words: str, name: str = "pop") -> Study:
        return studies.start(tmp_path / "studies" / name, space(file, *words))

    return started


class Soon(StopSignal):
    """Set once it has been looked at so often."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        if self.looks < 0:
            self.set()
        return super().is_set()


def test_runs_end_once_and_tell_of_all_members(make: Make) -> None:
    study = make()
    run(study)
    assert study.ended and len(study.plan.runs) == 4 and len(study.plan.trials) == 2
    for record in study.ledger_state().runs.values():
        assert record.state == "complete" and record.attempts == 1
        assert [step for step, _ in record.reports] == [*range(10, 101, 10)]
        assert record.value == record.reports[-1][1]["value"]
        assert len(record.reports[-1][1]) == 2 + 3 * 8 + 1


def test_the_ledger_and_the_seed_tell_the_whole_schedule(make: Make) -> None:
    study = make()
    run(study)
    rules = Rules.of_json(study.plan.runs[0].params["population"])
    for planned in study.plan.runs:
        params, parents = first_generation(rules, planned.seed), [*range(8)]
        for step, metrics in study.ledger_state().runs[planned.id].reports:
            held = [metrics[f"population.size.{member}"] for member in range(8)]
            assert held == [own["size"] for own in params]
            assert [metrics[f"population.parent.{member}"] for member in range(8)] == parents
            if step % 20 == 0:
                scores = [metrics[f"population.value.{member}"] for member in range(8)]
                made = next_generation(scores, params, rules, planned.seed, step // 20)
                parents, params = [one for one, _ in made], [own for _, own in made]


@pytest.mark.parametrize("looks", [3, 4, 6, 9])
def test_one_stopped_again_and_again_comes_out_the_same(make: Make, looks: int) -> None:
    calm, stopped = make(name="calm"), make(name="stopped")
    run(calm)
    workers = 0
    while not Study.open(stopped.folder).ended:
        again = Study.open(stopped.folder)
        Worker(
            again, pack="auto", device="cpu", workers=1, stopping=Soon(looks + workers % 3)
        ).run()
        workers += 1
        assert workers < 100
    assert workers > 3 and table(Study.open(stopped.folder)) == table(calm)


def test_it_grows_by_seeds_and_not_by_members(
    make: Make, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make()
    run(study)
    before = table(study)
    grown = studies.start(study.folder, space(file, "seeds=3"), extend=True)
    run(grown)
    assert len(grown.plan.runs) == 6 and [row for row in table(grown) if row in before] == before
    for word, said in (
        ("population.size=16", "population.size: 8 there, 16 now"),
        ("axes.size.high=0.8", "population.over: "),
        ("population.over=[]", "population.over"),
    ):
        with pytest.raises(SweeperError, match=said):
            studies.start(study.folder, space(file, word), extend=True)


def test_it_is_told_of(make: Make, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = make()
    run(study)
    assert summarise(study).runs["complete"] == 4
    out = file.with_name("reports.csv")
    tidy_tables.write(study, "reports", out)
    reports = pd.read_csv(out)
    assert {"value", "population.size.7"} <= {*reports.columns, *reports.get("metric", ())}
    assert call("plan", str(file), f"root={file.parent / 'studies'}") == 0
    said = capsys.readouterr().out
    assert (
        "population: 8 members search size in rounds of 20 steps in 2 sub-populations, which "
        "evolve every 1, 2 rounds" in said
    )
    assert "searches size: float, " in said and "axis size" not in said


def test_its_time_and_memory_are_not_told_by_runs_of_one_member(
    make: Make, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = ("population=null", "axes.size.count=2")
    run(make(*alone, name="alone"))
    root = f"root={file.parent / 'studies'}"
    assert call("plan", str(file), root) == 0
    said = capsys.readouterr().out
    assert "time: unknown" in said and "memory: only running it can tell" in said
    run(make())
    (file.parent / "studies" / "alone").rename(file.parent / "gone")
    assert call("plan", str(file), *alone, "study=other", root) == 0
    assert "time: unknown" in capsys.readouterr().out
    assert call("plan", str(file), "study=other", root) == 0
    assert "time: unknown" not in capsys.readouterr().out


def test_one_trial_can_be_run_again(make: Make, tmp_path: Path) -> None:
    study = make("seeds=1")
    _, _, path, *given = shlex.split(reruns(study, [1])[1])
    again = [word for word in given if not word.startswith("name=")]
    loaded = load(Path(path), None, parse_words(again, ())[1])
    made = studies.start(tmp_path / "studies" / "again", loaded)
    assert [one.id for one in made.plan.runs] == [one.id for one in study.plan.runs_of(1)]


def test_a_pruner_may_end_a_population(make: Make) -> None:
    study = make("pruner={median: {n_warmup_steps: 20}}", "sampler=random", "trials=2")
    run(study)
    states = {record.state for record in study.ledger_state().runs.values()}
    assert study.ended and states <= {"complete", "pruned"}


def test_best_seeds_are_told_in_rungs(make: Make) -> None:
    study = make("seeds={tune: [2, 3]}")
    run(study)
    assert Study.open(study.folder).ended
