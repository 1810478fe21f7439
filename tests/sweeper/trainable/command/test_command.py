"""Programs of the user's own, run by a real worker: what they are told, report and end as."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.cli.commands import logs
from sweeper.files import memory_cgroup
from sweeper.ledger.run_record import RunRecord
from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from sweeper.study import provenance
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

Program = Callable[..., Study]


def work(study: Study) -> list[RunRecord]:
    """The records of all runs, in the plan's order, after a worker has run them to their end."""
    Worker(study, pack="8", device="cpu", workers=1).run()
    records = study.ledger_state().runs
    return [records[run.id] for run in study.plan.runs]


def printed(study: Study) -> str:
    (run, *_) = study.plan.runs
    return b"".join(logs.of_run(study, run.id)).decode()


def test_one_process_a_run_gets_its_values_and_its_lines_are_the_curve(program: Program) -> None:
    study = program(
        "x, seed = (float(word.partition('=')[2]) for word in sys.argv[1:])\n"
        "for step in (5, 10):\n    say(step, **{'return': x * step + seed, 'loss': 0.5})\n",
        seeds=2,
    )
    for seed, record in enumerate(work(study)):
        assert record.state == "complete"
        assert record.reports == [
            (5, {"return": 7.5 + seed, "loss": 0.5}),
            (10, {"return": 15.0 + seed, "loss": 0.5}),
        ]
        assert record.value == 15.0 + seed and record.score == (15.0 + seed) / 10


def test_values_are_written_so_that_they_read_back(program: Program) -> None:
    words = ["a={f}", "{t}", "{no}", "{list}", "{text}", "{{{x}}}", "{none}", 7, "{gone}"]
    study = program(
        "print(json.dumps(sys.argv[1:]))\nsay(1, **{'return': 1})\n",
        command=["python", "train.py", *words, "--opt", "{gone}", "--opt={gone}"],
        fixed={"f": 1e-5, "t": True, "no": False, "list": [[1, 2.5], "a"], "text": "two words"},
        axes={
            "x": {"kind": "int", "values": [3, 4]},
            "none": {"kind": "choice", "values": [None]},
            "gone": {"kind": "int", "values": [1], "when": {"x": 4}},
        },
    )
    work(study)
    given = json.loads(printed(study).splitlines()[1])
    assert given[:-1] == ["a=1e-05", "true", "false", '[[1, 2.5], "a"]', "two words", "{3}", "null"]
    assert given[-1] == "7", "words of what a run lacks are left out, and the option before them"


def test_the_environment_tells_what_the_words_can(program: Program) -> None:
    names = ("run", "task", "seed", "steps", "folder", "params", "metrics", "resumed", "device")
    study = program(
        f"names = {names}\n"
        "assert sys.argv[1:] == [os.environ['SWEEPER_' + n.upper()] for n in names]\n"
        "print(os.getcwd()); print(open(sys.argv[6]).read()); say(1, **{'return': 1})\n",
        command=["python", "train.py", *(f"{{{name}}}" for name in names)],
        by_task={"line": {"gamma": 0.9}},
    )
    (record,) = work(study)
    assert record.state == "complete", record.error
    _, where, *params = printed(study).splitlines()
    (run,) = study.plan.runs
    assert where == study.space.folder
    assert json.loads("".join(params)) == {"x": 1.5, "gamma": 0.9} == run.params


def test_the_python_is_sweepers_and_no_shell_reads_the_words(program: Program) -> None:
    study = program(
        "print(sys.executable, sys.argv[1:])\nsay(1, **{'return': 1})\n",
        command=["python", "train.py", "(ls)", "*", "a;b", "--x={x}"],
    )
    work(study)
    assert printed(study).splitlines()[1] == f"{sys.executable} {['(ls)', '*', 'a;b', '--x=1.5']}"


def test_one_text_is_split_at_blanks_outside_of_quotes(program: Program) -> None:
    study = program(
        "print(sys.argv[1:])\nsay(1, **{'return': 1})\n",
        command="python train.py 'two words' --x={x}",
    )
    work(study)
    assert printed(study).splitlines()[1] == str(["two words", "--x=1.5"])


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("say(1, **{'return': float('nan')}); time.sleep(60)", "nan"),
        ("say(1, **{'return': float('inf')})", "nan"),
        ("raise FloatingPointError('overflow')", "nan"),
        ("raise MemoryError", "oom"),
        ("sys.exit('RuntimeError: CUDA out of memory.')", "oom"),
        ("say(1, loss=1)", "failed"),
        ("pass", "failed"),
    ],
)
def test_divergence_memory_and_a_score_that_never_came(
    program: Program, caplog: pytest.LogCaptureFixture, body: str, state: str
) -> None:
    (record,) = work(program(f"{body}\n"))
    assert record.state == state, record.error
    if state == "failed":
        assert "'return' was never reported" in str(record.error)


def test_a_study_by_a_relative_path_has_folders_that_programs_find(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = program(
        "open(f'{folder}/a', 'w').close()\nsay(1, **{'return': 1})\n"
        "assert json.load(open(os.environ['SWEEPER_PARAMS']))['x'] == 1.5\n"
    )
    monkeypatch.chdir(study.folder.parent)
    (record,) = work(Study.open(Path(study.name)))
    assert record.state == "complete", record.error


def test_a_program_that_is_killed_for_memory_is_oom_with_the_evidence(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kills = iter(range(3, 100))
    monkeypatch.setattr(memory_cgroup, "own_cgroup", lambda: "/some/cgroup")
    monkeypatch.setattr(memory_cgroup, "kills_in", lambda cgroup: next(kills))
    (record,) = work(program("os.kill(os.getpid(), 9)\n"))
    assert (record.state, record.attempts) == ("oom", 1)
    assert "was killed by SIGKILL" in str(record.error)
    assert "processes killed for memory in its cgroup meanwhile: 1" in str(record.error)


def test_bad_lines_are_told_once_with_their_text_and_skipped(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    study = program(
        "bad = ['epoch 1', '[1]', '{\"return\": 2}', '{\"step\": -1}', '{\"step\": 1.5}']\n"
        'good = [\'\', \'{"step": 3.0, "return": true, "phase": "a"}\', \'{"step": 4}\']\n'
        "with open(os.environ['SWEEPER_METRICS'], 'w') as file:\n"
        "    file.write('\\n'.join([*bad, *good, *good]))\n"
    )
    (record,) = work(study)
    assert record.reports == [(3, {"return": 1.0})]
    said = [line for line in printed(study).splitlines() if "metrics.0.jsonl" in line]
    assert said == [
        "sweeper: metrics.0.jsonl: a line was skipped: it is no JSON: epoch 1",
        "sweeper: metrics.0.jsonl: the metric 'phase' must be a number, but got 'a': left out",
        "sweeper: metrics.0.jsonl: 5 lines skipped in all",
    ]
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        line.removeprefix("sweeper: ") for line in said
    ]


def test_a_program_may_empty_its_folder(program: Program) -> None:
    study = program(
        "import shutil\nshutil.rmtree(folder); os.mkdir(folder)\nsay(5, **{'return': 3})\n"
        "print('gone')\nsys.exit(len(os.listdir(folder)) - 1 + 4 * (not resumed))\n",
        limits={"failures": 1},
    )
    (record,) = work(study)
    assert (record.state, record.reports) == ("failed", [(5, {"return": 3.0})])
    assert str(record.error).endswith("exited with code 4: gone\n")


def test_reporting_from_inside_needs_one_line(program: Program) -> None:
    study = program(
        "import sweeper, numpy\n"
        "sweeper.report(numpy.int64(5), loss=numpy.float32(0.5), **{'return': 2})\n"
        "from sweeper import report\nreport(10, **{'return': 3})\n",
        command=["python", "train.py"],
    )
    (record,) = work(study)
    assert record.reports == [(5, {"loss": 0.5, "return": 2.0}), (10, {"return": 3.0})]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("1.5, a=1", "TypeError: step must be an integer, but got 1.5"),
        ("-1, a=1", "ValueError: step must be at least 0, but got -1"),
        ("1, a='0.5'", "TypeError: the metric 'a' must be a number, but got '0.5'"),
        ("1, a=2", ""),
    ],
)
def test_outside_of_a_run_a_report_is_only_checked(call: str, error: str) -> None:
    code = f"import sweeper; sweeper.report({call}); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr.splitlines() or [""])[-1] == error
    assert not {"pydantic", "torch", "numpy", "yaml", "pandas"} & set(done.stdout.split())


def test_a_function_that_reports_like_a_program_is_told() -> None:
    import sweeper

    with pytest.raises(RuntimeError, match=r"a function has run\.report"):
        sweeper.report(1, loss=1.0)  # type: ignore[operator]


def test_a_script_that_changes_is_other_code(program: Program, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "a.yaml").write_text("")
    study = program("import helper\n", command=["python", "train.py", "--config=a.yaml"])
    began: dict[str, Any] = dict(study.versions[0].origin.code)
    assert {"train.py", "helper.py", "a.yaml"} <= set(began)
    module = load(tmp_path / "own.yaml", None, parse_words(["command=python -m train"], ())[1])
    assert "train.py" in provenance.code(module)
