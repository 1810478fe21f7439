"""No message repeats what was given whole: whatever is quoted is cut to a part of a line."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.schema.document import MOST_TOLD
from sweeper.space.overrides import parse_words
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.cases import each
from tests.helpers.paths import FAKE_AGENT
from tests.sweeper.cli.test_main import Capture, call

WORD = "x" * 20_000
DOTTED = ".".join(["ab"] * 4_000)
LIST = ["y" * 50] * 150
MAPPING = {f"key{n}": n for n in range(250)}
NUMBER = int("7" * 300)
REPEATED = ("x" * 130, "ab." * 45, "y" * 130, "key9: …, key10", "key240", "7" * 130)
"""Longer parts of these than a message quotes."""

LONGEST = 2_500
"""Characters of the longest line: a list of all valid names is among them."""

KEYS: dict[str, Any] = {
    "study": "demo",
    "agent": f"{FAKE_AGENT}:Rich",
    "fixed": {"loss": "huber"},
    "axes": {"optimizer": {"kind": "choice", "values": ["adam", "sgd"]}},
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
    "seeds": 1,
    "steps": 100,
    "evaluation": {"every": 50, "episodes": 1},
    "score": {"metric": "return"},
}
LR = "optimizer.lr"
COMMAND = {"agent": None, "evaluation": None}


def short(message: str) -> None:
    assert message and "Traceback" not in message
    assert all(len(line) <= LONGEST for line in message.splitlines()), message[:300]
    assert len(message.splitlines()) <= MOST_TOLD + 1
    for part in REPEATED:
        assert part not in message, message[max(0, message.index(part) - 200) :][:400]


@each(
    "path",
    [
        *(
            "study",
            "agent",
            "function",
            "command",
            "fixed",
            "fixed.loss",
            "fixed.clip",
            "axes",
            "seeds",
        ),
        *("axes.optimizer", "axes.optimizer.kind", "axes.optimizer.values", "axes.optimizer.when"),
        *("axes.optimizer.default", "axes.optimizer.title", "tasks", "tasks.minatar/breakout"),
        *("tasks.minatar/breakout.low", "steps", "evaluation", "evaluation.every", "score"),
        *("score.metric", "score.at", "sampler", "pruner", "trials", "zip", "derived", "invalid"),
        *("constraints", "figures", "checkpoint", "checkpoint.keep", "limits", "direction"),
        *("scales", "scales.smoke", "reference"),
    ],
)
def test_of_a_value_in_a_space(tmp_path: Path, path: str) -> None:
    for value in (WORD, LIST, MAPPING, NUMBER):
        keys = deepcopy(KEYS)
        *above, last = path.split(".")
        inside = keys
        for part in above:
            inside = inside.setdefault(part, {})
        inside[last] = value
        refused(tmp_path, keys)


@each(
    "keys",
    [
        lambda w: {w: 3},
        lambda w: {"fixed": {w: 3}},
        lambda w: {"axes": {w: {"kind": "choice", "values": [1]}}},
        lambda w: {"axes": {w: 3}},
        lambda w: {"axes": {"optimizer": {"kind": "choice", "values": ["adam"], w: 3}}},
        lambda w: {"axes": {"optimizer": {"kind": "choice", "values": {w: {w: 1}}}}},
        lambda w: {"axes": {"optimizer": {"kind": "choice", "values": [w, w]}}},
        lambda w: {"axes": {"optimizer": {"kind": "choice", "values": ["adam"], "when": {w: 1}}}},
        lambda w: {"axes": {LR: {"kind": "float", "values": [w]}}},
        lambda w: {"axes": {LR: {"kind": "float", "values": [1, w]}}},
        lambda w: {"axes": {"optimizer": {"kind": f"{w}.py:Axis"}}},
        lambda w: {"axes": {"optimizer": {"kind": f"f.py:{w}"}}},
        lambda w: {"axes": {"norm": {"kind": "norm", "values": [w]}}},
        lambda w: {"axes": {"sn.layers": {"kind": "layers", "sets": [w]}}},
        lambda w: {"axes": {"network": {"kind": "shape", "values": [w]}}},
        lambda w: {"axes": {"some": {"kind": "variant", "values": {w: {w: 3}}}}},
        lambda w: {"agent": f"{w}.py:Learner"},
        lambda w: {"agent": None, "function": f"{w}.py:train", "evaluation": None},
        lambda w: {**COMMAND, "command": w},
        lambda w: {**COMMAND, "command": [w]},
        lambda w: {**COMMAND, "command": [f"./{w}"]},
        lambda w: {**COMMAND, "command": ["python", f"{w}.py"]},
        lambda w: {**COMMAND, "command": ["python", f"{{{w}}}"]},
        lambda w: {**COMMAND, "command": ["python", f"{{{w}"]},
        lambda w: {**COMMAND, "command": ["python", w], "checkpoint": {"keep": "best"}},
        lambda w: {"tasks": {w: {"low": 0, "high": 1}}},
        lambda w: {"tasks": {"minatar/breakout": {"low": 0, "high": 1, w: 2}}},
        lambda w: {"sampler": {"tpe": {w: 3}}, "trials": 3},
        lambda w: {"sampler": {"tpe": {"seed": w}}, "trials": 3},
        lambda w: {"sampler": {w: {"seed": 3}}},
        lambda w: {"pruner": {"median": {"seeds": w}}},
        lambda w: {"zip": [[w, w]]},
        lambda w: {"derived": {w: "1"}},
        lambda w: {"derived": {"asymmetry.beta": w}},
        lambda w: {"derived": {"asymmetry.beta": "'" + w[:90] + "' + 1"}},
        lambda w: {"constraints": [f"{w[:90]} > 3"]},
        lambda w: {"constraints": ["1 > 3 and optimizer == '" + w[:90] + "'"]},
        lambda w: {"figures": [w]},
        lambda w: {"figures": [{"heatmap": {w: 3}}]},
        lambda w: {"figures": [{"heatmap": {"x": w}}]},
        lambda w: {"figures": [{"heatmap": {"metric": w}}]},
        lambda w: {"figures": [{"curves": {"metric": [w, w]}}]},
        lambda w: {"figures": [{"heatmap": {"at": w}}]},
        lambda w: {"figures": [{f"{w}.py:draw": {}}]},
        lambda w: {"scales": {w: {w: 3}}},
        lambda w: {"scales": {"laptop": {w: 3}}},
        lambda w: {"seeds": {w: 3}},
        lambda w: {"score": [{"metric": w}, {"metric": "return", w: 3}]},
        lambda w: {"checkpoint": {w: 3}},
    ],
)
def test_of_a_name_in_a_space(tmp_path: Path, keys: Any) -> None:
    (tmp_path / "f.py").write_text("some = 3\n")
    for word in (WORD, DOTTED):
        refused(tmp_path, {**KEYS, **keys(word)})


def refused(folder: Path, keys: dict[str, Any]) -> None:
    path = folder / "x.yaml"
    path.write_text(yaml.dump(keys, Dumper=yaml.CSafeDumper, sort_keys=False, width=10**9))
    try:
        load(path)
    except SweeperError as error:
        short(str(error))
    else:  # a note, or a reference, may be as long as it likes
        assert {"reference", "axes"} & keys.keys()


@each(
    "text",
    [
        WORD,
        f"- {WORD}",
        f"{WORD}: 1\n{WORD}: 2",
        f"a: !{WORD} 3",
        f"a: *{WORD}",
        f"a: &{WORD} [*{WORD}]",
        f"a: '{WORD}",
        f"{WORD}: 1\n  b: 2",
        f"a: [{WORD}",
        f"? [{WORD}]\n: 2",
        f"%{WORD}\na: 1",
        f"a: {WORD}: b",
    ],
)
def test_of_a_file_that_is_no_space(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(SweeperError) as caught:
        load(tmp_path / "x.yaml")
    short(str(caught.value))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of a space, and in `studies/` a study of it without scores."""
    from sweeper.study import studies

    folder = tmp_path_factory.mktemp("there")
    (folder / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    keys = {**KEYS, "agent": None, "function": "f.py:train", "evaluation": None, "fixed": {}}
    (folder / "x.yaml").write_text(yaml.safe_dump(keys))
    made: Study = studies.start(folder / "studies" / "demo", load(folder / "x.yaml"))
    Worker(made, pack="auto", device="cpu", workers=1).run()
    return folder


@each(
    "words",
    [
        "{}", "--{}", "status --{}", "run {}", "run {}.yaml", "run studies/{}", "run x.yaml {}",
        "run x.yaml {}=1", "run x.yaml {}.py=", "run x.yaml seeds={}", "run x.yaml fixed.{}=[1",
        "run x.yaml axes.{}=3", "run x.yaml axes.{}.values=[3]", "run x.yaml steps.{}=3",
        "run x.yaml scale={}", "run x.yaml name={}", "run x.yaml dispatch={}",
        "run x.yaml dispatch={}.py:Dispatch", "run x.yaml workers={}", "run x.yaml pack={}",
        "run x.yaml device={}", "run x.yaml extend={}", "run x.yaml root={} scale=no",
        "run x.yaml study={}", "run studies/demo {}=3", "run studies/demo seeds={}",
        "run studies/demo scale={}", "plan x.yaml profile={} dispatch=slurm", "plan x.yaml {}=2",
        "plan x.yaml profile={}", "status {}", "status study={}", "status studies/{}",
        "status {}=3", "status root={}", "status demo format={}", "status demo watch={}",
        "logs demo run={}", "logs demo follow={}", "best demo n={}", "failed demo trace={}",
        "runs {}", "runs demo state={}", "runs demo trial={}", "runs demo format={}",
        "pareto demo x={}",
        "retry demo state={}", "rerun demo run={}", "optuna demo storage={}",
        "optuna demo storage=sqlite:///{}/x", "dashboard demo port={}", "agents {}",
        "agents agent={}.py:Learner", "export demo table={} out=x.csv",
        "export demo table=runs out={}", "export demo table=runs out={}/x.csv",
        "table demo format={}", "table demo x={}", "table demo y={}", "table demo metric={}",
        "table demo at={}", "table demo out={}", "heatmap demo x={}", "heatmap demo y={}",
        "heatmap demo facet={}", "heatmap demo metric={}", "heatmap demo at={}",
        "heatmap demo out={}", "heatmap demo out={}/x.pdf", "heatmap demo {}=3",
        "curves demo metric={},{}", "curves demo hue={}", "rerank demo top={}",
        "rerank demo seeds={}", "rerank demo dispatch={}", "work {}", "work demo pack={}",
        "cancel {}", "doctor profile={}", "delete {} yes=true", "delete demo yes={}",
        "rename demo to={}", "rename {} to=x", "report {}", "compare demo metric={}",
    ],
)  # fmt: skip
def test_of_a_word_of_a_command(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: str
) -> None:
    monkeypatch.chdir(there)
    assert call(*(part.replace("{}", WORD) for part in words.split())) in (1, 2)
    short(capsys.readouterr().err)
    assert [path.name for path in (there / "studies").iterdir()] == ["demo"]


@pytest.mark.parametrize(
    "words",
    [
        "best demo n={}", "runs demo trial={}", "dashboard demo port={}", "rerank demo top={}",
        "rerank demo seeds={}", "run x.yaml workers={}", "run x.yaml pack={}", "work demo pack={}",
        "run x.yaml seeds={}", "run x.yaml steps={}", "run x.yaml axes.optimizer.values=[{}]",
    ],
)  # fmt: skip
def test_of_a_number_of_many_digits(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: str
) -> None:
    monkeypatch.chdir(there)
    for digits in (300, 20_000):
        assert call(*(part.replace("{}", "7" * digits) for part in words.split())) in (1, 2)
        short(capsys.readouterr().err)


@pytest.mark.parametrize(
    "keys",
    [
        lambda w: {w: 3},
        lambda w: {"timeout_min": w},
        lambda w: {"mem_gb": w},
        lambda w: {"mem_per_cpu": w},
        lambda w: {"cpus_per_task": w},
        lambda w: {"additional_parameters": w},
        lambda w: {"setup": {w: 1}},
        lambda w: [w],
    ],
)
def test_of_a_profile(tmp_path: Path, keys: Any) -> None:
    from sweeper.cluster import profile

    (tmp_path / "p.yaml").write_text(yaml.safe_dump(keys(WORD)))
    with pytest.raises(SweeperError) as caught:
        profile.load(str(tmp_path / "p.yaml"))
    short(str(caught.value))


def test_of_a_word_that_changes_a_key(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(KEYS))
    for word in (f"seeds={WORD}", f"fixed.{WORD}=3", f"axes={{{WORD}: 3}}", f"axes.{DOTTED}=3"):
        with pytest.raises(SweeperError) as caught:
            load(tmp_path / "x.yaml", None, parse_words([word], ())[1])
        short(str(caught.value))
