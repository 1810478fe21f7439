"""Studies of commands from the command line: pruned, retried, run again, shown and logged."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from sweeper.cli.commands import logs
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.report.page.overview import resolved
from sweeper.report.page.rerun_command import reruns
from sweeper.space.overrides import parse_words
from sweeper.study.study import Study
from sweeper.trainable.loading import load_trainable
from sweeper.worker.worker import Worker
from tests.helpers.command import call

Program = Callable[..., Study]

REPORTS_X = "say(10, **{'return': float(sys.argv[1].partition('=')[2])})\n"


def work(study: Study) -> None:
    Worker(study, pack="8", device="cpu", workers=1).run()


def test_a_pruned_run_s_program_is_stopped(program: Program) -> None:
    study = program(
        "x = float(sys.argv[1].partition('=')[2])\n"
        "for step in range(1, 11 if x > 1 else 6):\n    say(step, **{'return': x})\n"
        "time.sleep(0 if x > 1 else 600)\n",
        axes={"x": {"kind": "float", "values": [3, 2, 1]}},
        pruner={"median": {"n_startup_trials": 1, "n_warmup_steps": 0, "seeds": 1}},
    )
    work(study)
    records = [study.ledger_state().runs[run.id] for run in study.plan.runs]
    assert records[0].state == "complete" and records[2].state == "pruned"
    assert records[2].step <= 5


def test_a_run_that_takes_too_long_is_stopped(program: Program) -> None:
    study = program("say(1, **{'return': 1})\ntime.sleep(600)\n", "limits.run_hours=1e-5")
    work(study)
    (record,) = study.ledger_state().runs.values()
    assert record.state == "timeout"


def test_a_new_generation_begins_with_a_new_folder(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = program(
        "open(f'{folder}/marks', 'a').write('x')\n"
        "say(10, **{'return': len(open(f'{folder}/marks').read()) + 10 * resumed})\n"
    )
    work(study)
    monkeypatch.chdir(study.folder.parents[1])
    (run,) = study.plan.runs
    assert call("rerun", "study=own", f"run={run.id}") == 0
    work(Study.open(study.folder))
    (record,) = study.ledger_state().runs.values()
    assert (record.generation, record.value) == (1, 1.0)
    assert (study.paths.runs / f"{run.id}.0" / "metrics.0.jsonl").exists()


def test_the_command_of_a_trial_runs_the_same_runs_again(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = program(
        REPORTS_X,
        "command=[python, -S, train.py, '--x={x}', 'a b', '{{']",
        axes={"x": {"kind": "float", "values": [1, 2]}},
    )
    monkeypatch.chdir(study.folder.parents[1])
    words = [word for word in shlex.split(reruns(study, [1])[1])[3:] if word[:5] != "name="]
    space = load("own.yaml", None, parse_words(words, ())[1])
    again = {run.id for run in Plan(space, load_trainable(space)).runs}
    assert again == {run.id for run in study.plan.runs if run.trial == 1}


def test_what_is_trained_is_named_wherever_it_is_shown(
    program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = program("print('hello')\nsay(10, **{'return': 1})\n")
    monkeypatch.chdir(study.folder.parents[1])
    assert call("plan", "own.yaml") == 0
    assert "no run of command python -S train.py --x={x} --seed={seed}" in capsys.readouterr().out
    work(study)
    assert call("report", "study=own") == 0
    line = "command python -S train.py --x={x} --seed={seed}"
    assert line in study.paths.report.read_text()
    assert "- --x={x}" in resolved(study.space)
    (run,) = study.plan.runs
    assert call("logs", "study=own", f"run={run.id[:6]}") == 0
    assert capsys.readouterr().out.endswith("hello\n")
    assert b"".join(logs.follow(study, run.id, lambda _: None)).endswith(b"hello\n")


def test_a_study_is_extended_and_other_words_are_refused(
    program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = program(REPORTS_X)
    monkeypatch.chdir(study.folder.parents[1])
    words = ["run", "own.yaml", "seeds=2", "dispatch=inline"]
    assert call(*words, "extend=true") == 0
    assert "2 runs: 2 complete" in capsys.readouterr().out
    assert call(*words, "command=[python,train.py]") == 2
    told = "trains: command python -S train.py --x={x} --seed={seed} there, command python train.py"
    assert told in capsys.readouterr().err
