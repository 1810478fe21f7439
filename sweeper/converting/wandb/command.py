"""The command of a W&B sweep as the command of a space, its macros replaced."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeper.converting.draft import Draft
from sweeper.converting.space_text import braced
from sweeper.errors import Invalid, shown
from sweeper.schema.template import written

_DEFAULT = ("${env}", "${interpreter}", "${program}", "${args}")
_ENVIRONMENT = re.compile(r"\$\{envvar:([^}]*)\}")
_MACRO = re.compile(r"\$\{[^}]*\}")
_ARGUMENTS = {
    "${args}": "--{0}={1}",
    "${args_no_hyphens}": "{0}={1}",
    "${args_no_boolean_flags}": "--{0}={1}",
}
"""The macros that stand for a word a parameter, and how such a word looks."""

Path = tuple[str, ...]


def convert(draft: Draft, program: Any, given: Any, paths: Sequence[Path]) -> list[str]:
    """The words of the command; `paths` are the names that lead to each parameter."""
    if given is None:
        given = _DEFAULT
    elif isinstance(given, str):
        given = given.split()
    if not isinstance(given, list | tuple) or not given:
        raise Invalid(f"must be a list of words, but got {shown(given)}", ("command",))
    words: list[str] = []
    for place, item in enumerate(given):
        if isinstance(item, list | dict) or item is None:
            raise Invalid(f"must be a word, but got {shown(item)}", ("command", place))
        said = str(item) if isinstance(item, bool) else written(item)  # True, as W&B has it
        words += _word(draft, f"command[{place}]", said, program, paths)
    while words and re.fullmatch(r"(/usr)?(/bin/)?env", words[0]) and "=" not in words[1:2]:
        words = words[1:]
    if not any("{" in re.sub(r"\{\{|\}\}", "", word) for word in words) and paths:
        draft.lose("command", "has no ${args}: the program must read SWEEPER_PARAMS")
    return words


def _word(draft: Draft, key: str, word: str, program: Any, paths: Sequence[Path]) -> Iterator[str]:
    """The words that one word of W&B's stands for."""
    if word == "${env}":
        return
    if word in _ARGUMENTS:
        yield from _arguments(draft, word, paths)
    elif word == "${args_json}":
        yield _json(draft, _tree(paths))
    elif word == "${args_json_file}":
        if any(len(path) > 1 for path in paths):
            draft.lose(word, "the file has nested parameters by dotted names, as optimizer.lr")
        yield "{params}"
    else:
        yield from _text(draft, key, word, program)


def _text(draft: Draft, key: str, word: str, program: Any) -> Iterator[str]:
    text = word.replace("${interpreter}", "python")
    if "${program}" in text and not isinstance(program, str):
        raise Invalid("is needed, as the command names ${program}", ("program",))
    text = text.replace("${program}", str(program))
    for found in _ENVIRONMENT.finditer(word):
        value = os.environ.get(found[1], "")
        draft.lose(key, f"{found[0]} is written as it is now: {shown(value)}")
        text = text.replace(found[0], value)
    for found in _MACRO.finditer(text):
        draft.lose(key, f"{found[0]} is no macro that W&B documents, and left out")
    text = braced(_MACRO.sub("", text))
    if text or not word:
        yield text


def _arguments(draft: Draft, macro: str, paths: Sequence[Path]) -> Iterator[str]:
    """A word for each parameter; a truth value that is a flag is there or not."""
    nested = dict.fromkeys(path[0] for path in paths if len(path) > 1)
    for name in nested:
        one = _ARGUMENTS[macro].format(name, "{…}")
        draft.lose(name, f"its parameters are words of their own, where W&B has one {one}")
    for path in paths:
        name = ".".join(path)
        called = draft.called(name)
        values = _values(draft, called)
        flags = macro == "${args_no_boolean_flags}" and any(isinstance(v, bool) for v in values)
        if flags and all(isinstance(value, bool) for value in values):
            yield from _flag(draft, name, called, values)
            continue
        if flags or re.search(r"\btrue\b|\bfalse\b", draft.keys.get("derived", {}).get(called, "")):
            draft.lose(name, f"true and false are said as in --{name}=true, and never as a flag")
        if any(value is None or isinstance(value, bool) for value in values):
            draft.lose(name, "true, false and null are words here, where W&B has Python's True …")
        yield _ARGUMENTS[macro].format(braced(name), f"{{{called}}}")


def _flag(draft: Draft, name: str, called: str, values: Sequence[Any]) -> Iterator[str]:
    """`--name` where the parameter is true: a word whose parameter a run lacks is left out."""
    if len(values) == 1:
        yield from [f"--{braced(name)}"] if values[0] else []
        return
    flag = draft.called(f"{called}_flag")
    draft.axis(flag, {"kind": "choice", "values": [name], "when": {called: True}})
    draft.remarks[("axes", flag)] = f"the word --{name}, only where it is true"
    yield f"--{{{flag}}}"


def _values(draft: Draft, called: str) -> list[Any]:
    """The values that the space lists of a parameter; none of a range or a formula."""
    if called in draft.keys.get("fixed", {}):
        return [draft.keys["fixed"][called]]
    values = draft.keys.get("axes", {}).get(called, {}).get("values", [])
    return list(values.values()) if isinstance(values, dict) else list(values)


def _tree(paths: Sequence[Path]) -> dict[str, Any]:
    """The names of parameters as they are nested; each leads to its own path."""
    tree: dict[str, Any] = {}
    for path in paths:
        inside = tree
        for name in path[:-1]:
            inside = inside.setdefault(name, {})
        inside[path[-1]] = path
    return tree


def _json(draft: Draft, tree: Mapping[str, Any]) -> str:
    """One word that is a JSON object of all parameters."""
    inside = []
    for key, one in tree.items():
        if isinstance(one, dict):
            inside.append(f"{braced(json.dumps(key))}: {_json(draft, one)}")
            continue
        name = ".".join(one)
        called = draft.called(name)
        values = _values(draft, called)
        derived = draft.keys.get("derived", {}).get(called, "")
        texts = [isinstance(value, str) for value in values] or ["'" in derived]
        if any(texts) and not all(texts):
            draft.lose(name, "mixes text and other values: in ${args_json} all of them are text")
        if any(isinstance(value, str) and set(value) & set('"\\\n') for value in values):
            draft.lose(name, "a text with a quote in it breaks ${args_json}: read SWEEPER_PARAMS")
        said = f'"{{{called}}}"' if any(texts) else f"{{{called}}}"
        inside.append(f"{braced(json.dumps(key))}: {said}")
    return f"{{{{{', '.join(inside)}}}}}"
