"""Every code block of README.md and docs/ works as it stands there, or says why nobody runs it.

Each page has a folder of its own, with the files that pages show and some studies. YAML is loaded
and planned, Python is executed, and commands run in this process, at the smallest scale that they
have.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import yaml

from sweeper.cluster import profile
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.schema.document import read
from sweeper.schema.yaml_text import parse
from sweeper.space.overrides import KEYS
from sweeper.study.study import Study
from sweeper.trainable.loading import load_trainable
from tests.helpers.cases import each
from tests.helpers.command import call
from tests.helpers.pages import PAGES, Block, blocks, commands_of_tables, name
from tests.helpers.paths import ROOT

BLOCKS = [block for page in PAGES for block in blocks(page)]
LANGUAGES = ("yaml", "python", "commands", "sh", "bash")
TRAINED_ELSEWHERE = {"ppo.yaml", *(file.name for file in (ROOT / "spaces").glob("*.yaml"))}
TRAINED_ELSEWHERE -= {"quadratic.yaml"}
"""Spaces that test_documented_program.py and test_spaces.py train: here they are planned."""

EXECUTED_ELSEWHERE = ("docs/how_to/python.md",)
"""Pages whose Python test_page.py executes."""


def test_a_file_that_several_pages_show_is_the_same() -> None:
    shown: dict[str, set[str]] = {}
    for block in BLOCKS:
        shown.setdefault(block.file, set()).add(block.text)
    assert [file for file, texts in shown.items() if file and len(texts) > 1] == []


@each("block", [block for block in BLOCKS if block.why_not])
def test_modules_of_blocks_that_nobody_runs_exist(block: Block) -> None:
    for module in re.findall(r"^python -m (\S+)", block.text, re.MULTILINE):
        assert importlib.util.find_spec(module) is not None, f"{block}: {module}"


STUDIES = {
    "minatar_adam_sn": {
        "optimizer.lr": {"kind": "float", "values": [1e-5, 1e-4, 1e-3]},
        "optimizer.eps": {"kind": "float", "values": [1e-8, 1e-4]},
        "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]"]},
    },
    "ant_width_depth": {
        "network.units": {"kind": "int", "values": [16, 32]},
        "network.layers": {"kind": "int", "values": [1, 2]},
    },
}
"""Studies that commands look at, by name: their axes."""

TRAIN = """
def train(config, run):
    value = sum(map(len, map(str, config.values()))) + run.seed
    run.report(20, **{"return": value % 7, "loss": value % 5})
    run.report(40, **{"return": value % 9, "loss": value % 3})
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of studies of a function, called and searched like those that commands look at."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "stub.py").write_text(TRAIN)
    tasks = {f"minatar/{game}": {"low": 0, "high": 9} for game in ("breakout", "asterix")}
    for made, axes in STUDIES.items():
        space = {"study": made, "function": "stub.py:train", "axes": axes, "tasks": tasks}
        space |= {"seeds": {"tune": 2, "test": 1}, "steps": 40, "score": {"metric": "return"}}
        file = folder / f"{made}.yaml"
        file.write_text(yaml.safe_dump(space | {"figures": []}, sort_keys=False))
        assert call("run", str(file), "dispatch=inline", f"root={folder / 'studies'}") == 0
    shutil.copytree(folder / "studies/minatar_adam_sn", folder / "studies/minatar_other")
    return folder / "studies"


@pytest.fixture
def folder(tmp_path: Path, studies: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which has what a reader of all pages has."""
    for block in BLOCKS:
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    (tmp_path / "train.py").touch()
    shutil.copytree(studies, tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLURM_CONF", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_blocks_of_a_page_work(page: Path, folder: Path, capsys: Any) -> None:
    names: dict[str, Any] = {}
    with mpl.rc_context():
        for block in [*blocks(page), *commands_of_tables(page)]:
            if block.why_not or block.language == "text":
                continue
            assert block.language in LANGUAGES, f"{block}: how is it tested?"
            if block.language == "yaml":
                planned(block, folder)
            elif block.language != "python":
                for words in commands(block, folder):
                    left = call(*words)
                    said = capsys.readouterr()
                    well = (0, 1) if words[0] == "doctor" else (0,)
                    assert left in well, (
                        f"{block}: sweeper {shlex.join(words)}\n{said.out}{said.err}"
                    )
            elif not block.file and name(page) not in EXECUTED_ELSEWHERE:
                exec(compile(block.text, str(block), "exec"), names)


def planned(block: Block, folder: Path) -> None:
    """Loads and plans a space, or a part of one; loads a profile."""
    said, _ = parse(block.text, str(block))
    if not {*said} & {*KEYS, "scales", "extends"}:
        (folder / "profile.yaml").write_text(block.text)
        assert profile.load(str(folder / "profile.yaml")).parameters
        return
    file = folder / "part.yaml"
    file.write_text(yaml.safe_dump(whole(said), sort_keys=False))
    for scale in said.get("scales", {None: {}}):
        space = load(file, scale)
        plan = Plan(space, load_trainable(space))
        assert plan.runs or plan.due, block


def whole(said: dict[str, Any]) -> dict[str, Any]:
    """The space that has what is said, and for the rest as little as it needs."""
    agent = said.get("agent") or ("td3" if "agent" in said.get("axes", {}) else None)
    base: dict[str, Any] = {"study": "part", "seeds": 5, "steps": 20_000, "axes": {}}
    base["score"] = {"metric": "return" if agent else "value"}
    task = "line" if not agent else "minatar/breakout" if agent == "dqn" else "navigation/2"
    base["tasks"] = {task: {"low": 0, "high": 1} for task in said.get("by_task", [task])}
    if agent:
        base["evaluation"] = {"every": 10_000, "episodes": 1}
        base["agent"] = agent
    elif not {"function", "command"} & {*said}:
        base["function"] = "mine.py:train"
    if "agent" in said.get("axes", {}):
        del base["agent"]
    return base | said


def commands(block: Block, folder: Path) -> Iterator[list[str]]:
    """The words of each command, made small."""
    for line in block.text.splitlines():
        program, *words = shlex.split(line, comments=True) or [""]
        if program:
            assert program == "sweeper", f"{block}: {line}: how is it tested?"
            yield small(words, folder)


def small(words: list[str], folder: Path) -> list[str]:
    """The same command at its smallest scale, in this process, on a run that there is."""
    if "run=ID" in words:
        study = next(word.partition("=")[2] for word in words if word.startswith("study="))
        run = Study.open(folder / "studies" / study).plan.runs[-1].id
        words = [word.replace("run=ID", f"run={run}") for word in words]
    if words[0] == "rerank":
        return ["rerank", words[1], "top=2", "seeds=1", "dispatch=inline"]
    if words[0] != "run":
        return words
    given = dict(word.split("=", 1) for word in words[2:])
    space = Path(words[1])
    if space.name in TRAINED_ELSEWHERE:
        kept = [word for word in words[2:] if word.partition("=")[0] not in ("extend", "name")]
        return ["plan", words[1], *kept]
    file = folder / space if (folder / space).exists() else ROOT / space
    if file.is_file():
        data = read(file).data
        if "smoke" in data.get("scales", {}) and given.get("scale") != "smoke":
            given = {"name": data["study"], **given, "scale": "smoke"}
            smoke, named = (
                folder / "studies" / each for each in (f"{data['study']}-smoke", given["name"])
            )
            if smoke.is_dir() and not named.is_dir():
                shutil.copytree(smoke, named)
            if "seeds" in given:
                given["seeds"] = "2"
    if file.parent == ROOT / "spaces":
        given["figures"] = "[]"  # test_spaces.py draws them
    given = {"dispatch": "inline", **given} | ({"workers": "1"} if "workers" in given else {})
    return ["run", words[1], *(f"{key}={value}" for key, value in given.items())]
