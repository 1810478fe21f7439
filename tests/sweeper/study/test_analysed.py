"""An analysis is a study of its own: planned, claimed, killed and continued like any, of another's
kept weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from agents.analyses import base
from sweeper.cli import command_line
from sweeper.cli.commands import retry
from sweeper.errors import SweeperError
from sweeper.results import frames
from sweeper.space.overrides import parse_words
from sweeper.study import sources, studies
from sweeper.study.analysed import load
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.paths import ROOT

SPACES = ROOT / "spaces"
ANALYSIS, AGENTS = SPACES / "minatar_smoothness.yaml", SPACES / "minatar_model_size.yaml"


def started(path: Path, root: Path, *words: str) -> Study:
    """The study of a shipped space's smoke scale under `root`, begun or joined."""
    space = load(path, "smoke", parse_words(words, ())[1], root)
    return studies.start(root / space.name, space, extend=True)


def worked(study: Study, pack: str = "auto") -> Study:
    """The study once a worker of this process has gone through it."""
    Worker(study, pack=pack, device="cpu", workers=1).run()
    return study


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of studies, in which the agents of the smoke scale are trained."""
    root = tmp_path_factory.mktemp("agents")
    worked(started(AGENTS, root))
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(trained, tmp_path / "studies"))


def curves(study: Study) -> list[tuple[str, list]]:
    runs = study.ledger_state().runs
    return [(runs[run.id].state, runs[run.id].reports) for run in study.plan.runs]


def test_it_has_the_axes_tasks_and_seeds_of_its_source_and_tells_its_score(root):
    source, made = Study.open(root / "minatar_model_size-smoke"), worked(started(ANALYSIS, root))
    assert [t.labels for t in made.plan.trials] == [t.labels for t in source.plan.trials]
    table, theirs = (frames.runs(one, one.ledger_state()) for one in (made, source))
    assert table["source"].tolist() == theirs["run"].tolist()
    assert not set(table["run"]) & set(theirs["run"]), "an analysis of a run is another run"
    assert table[["task", "seed"]].equals(theirs[["task", "seed"]])
    scores = theirs.set_index("run")["score"]
    for (state, reports), run in zip(curves(made), table["source"], strict=True):
        ((step, metrics),) = reports
        assert (state, step) == ("complete", 100)
        assert metrics["source_score"] == scores[run] and metrics["source_step"] in (120, 240)
        assert metrics["grad_max"] >= metrics["grad_mean"] > 0
    assert made.versions[0].origin.source["weights"].startswith("weights of each run's best")
    assert made.ended


def test_packed_alone_and_broken_off_it_says_the_same(root, monkeypatch):
    together = curves(worked(started(ANALYSIS, root)))
    monkeypatch.setattr(base, "SECONDS", 0.0)
    monkeypatch.setattr("agents.training.evaluation.CHECK_EVERY", 1)
    again = studies.start(root / "again", started(ANALYSIS, root).space)
    worker = Worker(again, pack="1", device="cpu", workers=1)
    rounds = iter(range(10))
    worker._trainer._beat = lambda _: worker._stopping.set() if next(rounds, 9) == 9 else None
    worker.run()
    assert not again.ended and any(r.resume_from for r in again.ledger_state().runs.values())
    assert curves(worked(Study.open(root / "again"))) == together


def test_what_cannot_be_analysed_is_told_and_what_can_be_later_is_opened_again(root, capsys):
    source = Study.open(root / "minatar_model_size-smoke")
    first, second, _ = (source.paths.weights / f"{run.id}.npz" for run in source.plan.runs)
    kept = first.read_bytes()
    first.write_bytes(kept[:-20])
    second.unlink()
    made = started(ANALYSIS, root)
    assert [*sources.lines(made.sources, made.plan.runs)] == [
        "of minatar_model_size-smoke: 2 of 3 runs have weights of each run's best evaluation "
        "(checkpoint.keep: best)",
        "  not analysed: 1 run: no weights are kept of its source run",
    ]
    worked(made)
    records = made.ledger_state().runs
    ends = [(records[run.id].state, records[run.id].attempts) for run in made.plan.runs]
    assert ends == [("failed", 1), ("failed", 1), ("complete", 1)]
    errors = [records[run.id].error for run in made.plan.runs[:2]]
    assert "are damaged" in errors[0] and "no weights are kept" in errors[1]
    first.write_bytes(kept)
    again = sources.ready_again(Study.open(made.folder))
    assert [run.id for run in again] == [made.plan.runs[0].id]
    retry.reopen(made, [made.ledger_state().runs[run.id] for run in again])
    assert worked(Study.open(made.folder)).ledger_state().runs[again[0].id].state == "complete"


def test_runs_that_have_not_ended_are_told_and_added_by_the_same_command(tmp_path, capsys):
    """Two seeds of one network are trained, then a third; each time the same command follows."""
    command = ["run", str(ANALYSIS), "scale=smoke", f"root={tmp_path}", "dispatch=inline"]
    command += ["figures=[]"]
    one = ["axes.sn.layers.values={none: []}", "axes.amount.values=[none]", "steps=200"]
    words = [*one, "evaluation.every=200"]
    source = started(AGENTS, tmp_path, *words, "seeds=2")
    with pytest.raises(SystemExit, match="2"):
        command_line.main(command)
    assert "no run of minatar_model_size-smoke has weights (2 runs: its source run has not end" in (
        capsys.readouterr().err
    )
    for seeds in (2, 3):
        worked(started(AGENTS, tmp_path, *words, f"seeds={seeds}"))
        with pytest.raises(SystemExit, match="0"):
            command_line.main(command)
        assert f"{seeds} of {seeds} runs have weights" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        command_line.main(["plan", str(ANALYSIS), "scale=smoke", f"root={tmp_path}"])
    assert "of minatar_model_size-smoke: 3 of 3 runs have weights" in capsys.readouterr().out
    made = Study.open(tmp_path / "minatar_smoothness-smoke")
    assert len(made.plan.runs) == 3 and made.ended and len(source.plan.runs) == 2


def test_runs_that_have_other_parameters_than_the_first_are_found(tmp_path):
    """Of one optimiser's runs there are parameters that those of another do not have."""
    kinds = "axes.optimizer.kind={kind: choice, values: [sgd, rmsprop]}"
    words = ["axes.amount.values=[none]", "axes.sn.layers.values={none: []}", kinds, "steps=200"]
    words += ["fixed.optimizer.eps=null", "evaluation.every=200"]
    source, made = (
        started(path, tmp_path, *more) for path, more in ((AGENTS, words), (ANALYSIS, []))
    )
    found = [made.sources.run_of(run) for run in made.plan.runs]
    assert [run.id for run in source.plan.runs] == [run and run.id for run in found]
    assert len(found) == 2


def refused(path: Path, root: Path, *words: str) -> str:
    with pytest.raises(SweeperError) as caught:
        load(path, "smoke", parse_words(words, ())[1], root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["of=nothing"], "of names no study that is there: no study 'nothing' under"),
        (["of=minatar_model_size-smok"], "did you mean 'minatar_model_size-smoke'?"),
        (["of=null"], "needs the key 'of', the study whose runs it is of"),
        (["analysis=null"], "of needs the key 'analysis', as in analysis: smoothness"),
        (["analysis=smoothnes"], "must be an analysis, but got 'smoothnes' (did you mean"),
        (["seeds=3"], "seeds must go, as the space is an analysis"),
        (["agent=dqn"], "agent must go, as the space is an analysis"),
        (["evaluation={every: 10, episodes: 1}"], "evaluation must go, as the space is an"),
        (["fixed.state=10"], "fixed.state is no parameter of the analysis smoothness (did you m"),
        (["fixed.states=many"], "fixed.states must be a whole number"),
        (["fixed.copies=0"], "fixed.copies must be at least 1"),
        (["score.metric=grad"], "must be a metric of analysis smoothness of agent dqn, but got"),
        (["checkpoint={keep: best}"], "checkpoint.keep must be none"),
    ],
)
def test_mistakes_of_its_space_are_answers(trained, words, message):
    assert message in refused(ANALYSIS, trained, *words)


def test_a_study_that_cannot_be_analysed_is_refused_with_why(trained, tmp_path):
    root = Path(shutil.copytree(trained, tmp_path / "studies"))
    worked(started(ANALYSIS, root))
    assert "is of an analysis" in refused(ANALYSIS, root, "of=minatar_smoothness-smoke")
    started(AGENTS, tmp_path, "checkpoint={keep: none}")
    assert "checkpoint.keep: best (or final) of its space" in refused(ANALYSIS, tmp_path)
    td3 = SPACES / "td2_ablation.yaml"
    space = load(td3, "smoke", parse_words(["checkpoint={keep: final}"], ())[1])
    studies.start(root / "td2", space)
    assert "needs an agent with a critic over choices" in refused(ANALYSIS, root, "of=td2")
    studies.start(root / "function", load(SPACES / "quadratic.yaml", "smoke"))
    assert "must be a study of one agent, but function" in refused(ANALYSIS, root, "of=function")


@pytest.mark.parametrize("damage", [Path.unlink, lambda plan: plan.write_text("x")])
def test_a_source_that_is_gone_or_damaged_fails_its_analysis_with_that(root, damage):
    made = started(ANALYSIS, root)
    damage(root / "minatar_model_size-smoke" / "plans" / "0")
    worked(Study.open(made.folder))
    errors = {record.error for record in made.ledger_state().runs.values()}
    why = "is gone" if damage is Path.unlink else "cannot be read: "
    assert len(errors) == 1 and f"the study minatar_model_size-smoke {why}" in errors.pop()
    assert np.isnan(frames.runs(made, made.ledger_state())["score"]).all()
