"""A sweep of Hydra's as a space: its overrides, and what its sweeper is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweeper.converting import runs
from sweeper.converting.draft import Draft
from sweeper.converting.hydra import command_line, overrides, sweeper_keys
from sweeper.converting.hydra.command_line import CommandLine
from sweeper.converting.space_text import braced
from sweeper.errors import Invalid
from sweeper.schema.yaml_text import scalar
from sweeper.text import few

_ROOTS = ("conf", "config", "configs")
"""What folders of configurations are called."""

_OWN_SWEEP = ("hydra.sweep.dir", "hydra.sweep.subdir", "hydra.mode")


def is_one(data: Mapping[str, Any]) -> bool:
    """Whether a YAML file's data are those of a configuration that says how to sweep."""
    defaults = data.get("defaults")
    named = any("hydra/sweeper" in str(one) for one in defaults or ())
    return _sweeper(data) is not None or named


def convert_text(text: str, name: str, program: str | None, folder: Path) -> Draft:
    """The space of a command line or of overrides, which stand in `folder`."""
    draft = Draft(f"{name}, Hydra's overrides")
    line = command_line.read(text, name)
    if program is not None:
        line.program = ["python", program]
    elif not line.program:
        line.program = ["python", "train.py"]
        draft.lose("program", "is not named: train.py was put in its place (program=path.py)")
    for words in line.left_out:
        draft.lose(words, "was left out")
    path = _option(line.options, "--config-path", "-cp") or _option(line.options, "--config-dir")
    roots = [folder / path] if path else [folder / root for root in _ROOTS]
    _convert(draft, line, {}, name, [root for root in roots if root.is_dir()])
    return draft


def convert(data: Mapping[str, Any], file: Path, program: str | None) -> Draft:
    """The space of a configuration that names a sweeper; raises `Invalid`."""
    draft = Draft(f"{file.name}, a configuration of Hydra's")
    line = CommandLine(program=["python", program or _program(draft, file)])
    settings = dict(_sweeper(data) or {})
    params = settings.pop("params", None)
    if params is not None and not isinstance(params, dict):
        raise Invalid("must be a mapping of overrides", ("hydra", "sweeper", "params"))
    line.overrides = [f"{key}={_said(value)}" for key, value in (params or {}).items()]
    for entry in data.get("defaults") or ():
        found = isinstance(entry, dict) and [*entry.items()]
        for key, value in found or ():
            group = str(key).removeprefix("override ").strip()
            if group.startswith("hydra/"):
                line.overrides.insert(0, f"{group}={value}")
    root = _root(file)
    line.options += _selected(draft, file, root)
    own = [key for key in data if key not in ("hydra", "defaults")]
    if own:
        draft.remarks[("command",)] = f"{few(own)}: the program reads them in {file.name} itself"
    hydra = data["hydra"] if isinstance(data.get("hydra"), dict) else {}
    for key in hydra:
        if key not in ("sweeper", "mode", "run", "job", "sweep"):
            draft.lose(f"hydra.{key}", "is read by the program itself, as the command starts it")
    _convert(draft, line, settings, file.name, [root] if root else [])
    if str(hydra.get("mode", "")).upper() == "MULTIRUN":
        draft.keys["command"].append("hydra.mode=RUN")
    if not (params or draft.keys.get("axes")):
        draft.lose("hydra.sweeper.params", "is not there: nothing is searched")
    return draft


def _convert(
    draft: Draft, line: CommandLine, settings: dict[str, Any], name: str, roots: Sequence[Path]
) -> None:
    """Fills in the draft: the command, parameters and axes, and how trials are chosen."""
    words, own = [], list[str]()
    found = overrides.newest(draft, overrides.parsed(line.overrides, name))
    for one in found:
        key = str(one.key_or_group)
        if not overrides.is_hydras(one):
            continue
        value = None if one.value_type is None else str(one.get_value_string())
        if key.startswith("hydra.sweeper."):
            settings[key.removeprefix("hydra.sweeper.")] = scalar(value or "")
        elif key in ("hydra/sweeper", "hydra/sweeper/sampler"):
            settings[key] = value
        elif key.startswith(("hydra/launcher", "hydra.launcher")):
            draft.lose(key, "dispatch= of `sweeper run` says how workers are started")
        elif key in _OWN_SWEEP:
            draft.lose(key, "each run has a folder of its own in the study")
        else:
            own.append(braced(str(one.input_line)))
    flat = sweeper_keys.flat(settings)
    learns = sweeper_keys.is_optuna(flat)
    for one in found:
        if not overrides.is_hydras(one):
            options = _Options(roots)
            words.append(overrides.convert(draft, one, options, inclusive=learns))
    if not any(word.startswith("hydra.run.dir=") for word in own):
        own.append("hydra.run.dir='{folder}'")
    task = _stem(line.program)
    draft.study(flat.pop("study_name", None), task)
    begin = [braced(word) for word in (*line.program, *line.options)]
    draft.set("command", [*begin, *words, *own], *_remark(draft))
    drawn = any(str(one.value_type).endswith("INTERVAL_SWEEP") for one in found)
    sweeper_keys.convert(draft, flat, drawn=drawn)
    runs.add(draft, task, None, "seed={seed}")


def _stem(program: Sequence[str]) -> str:
    """What the program is called, without its folder, package and ending."""
    if program[-2:-1] == ["-m"]:
        return program[-1].rpartition(".")[2] or "train"
    return Path(program[-1]).stem or "train"


def _remark(draft: Draft) -> list[str]:
    return [draft.remarks[("command",)]] if ("command",) in draft.remarks else []


def _sweeper(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What stands under `hydra.sweeper`; a file of the package `hydra.sweeper` has it on top."""
    hydra = data.get("hydra")
    found = hydra.get("sweeper") if isinstance(hydra, dict) else data.get("hydra.sweeper")
    if isinstance(found, dict):
        return found
    of_optuna = "params" in data and {"n_trials", "sampler", "direction"} & set(data)
    return {key: data[key] for key in data if key != "defaults"} if of_optuna else None


def _said(value: Any) -> str:
    """A value of a configuration as an override has it."""
    if isinstance(value, list):
        return f"[{','.join(map(_said, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_said(one)}' for key, one in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


class _Options:
    """The configurations of each group, by the files in its folder."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots

    def __call__(self, group: str) -> list[str] | None:
        for root in self._roots:
            with suppress(OSError, ValueError):
                files = sorted((root / group).glob("*.y*ml"))
                if files:
                    return [file.stem for file in files]
        return None


def _option(options: Sequence[str], *names: str) -> str | None:
    """The value of an option of Hydra's command line."""
    for place, word in enumerate(options):
        key, equals, value = word.partition("=")
        if key in names:
            return value if equals else next(iter(options[place + 1 :]), None)
    return None


def _root(file: Path) -> Path | None:
    """The folder of configurations that `file` stands in."""
    return next((folder for folder in file.resolve().parents if folder.name in _ROOTS), None)


def _selected(draft: Draft, file: Path, root: Path | None) -> list[str]:
    """The words that make the program read `file`: its name, or that of its group."""
    file = file.resolve()
    if root is None or file.parent == root:
        return [] if file.stem == "config" else [f"--config-name={file.stem}"]
    group = file.parent.relative_to(root).as_posix()
    known = re.compile(rf"^\s*-\s*(override\s+|optional\s+)*{re.escape(group)}\s*:", re.MULTILINE)
    texts = [one.read_text("utf-8", "replace") for one in root.glob("*.y*ml") if one.is_file()]
    plus = "" if any(known.search(text) for text in texts) else "+"
    draft.lose(group, f"the command reads {file.name} by the word {plus}{group}={file.stem}")
    return [f"{plus}{group}={file.stem}"]


def _program(draft: Draft, file: Path) -> str:
    """The one script near `file` that Hydra starts; `train.py` where it is not known."""
    root = _root(file)
    folder = root.parent if root else file.resolve().parent
    found = []
    for script in sorted([*folder.glob("*.py"), *folder.glob("src/*.py")]):
        with suppress(OSError):
            if "hydra.main" in script.read_text("utf-8", "replace"):
                found.append(script)
    if len(found) == 1:
        with suppress(ValueError):
            return found[0].relative_to(Path.cwd()).as_posix()
        return str(found[0])
    names = f"may be {few([one.name for one in found])}" if found else "is not named"
    draft.lose("program", f"{names}: train.py was put in its place (program=path.py)")
    return "train.py"
