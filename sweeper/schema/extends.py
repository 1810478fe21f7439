"""Files that extend another one: `extends: base.yaml`, whose keys count where the file has none."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from sweeper.errors import Path, SweeperError, shown
from sweeper.schema.document import Document, read

KEY = "extends"
"""The key that names the file to extend, relative to the file that it stands in."""

_MOST = 20
"""The longest chain of files."""


def extended(document: Document, merged: Collection[str]) -> Document:
    """`document` and what it extends in one; the keys `merged` hold mappings that are merged.

    All other keys are the file's own, or else those of the file that it extends. Within a mapping
    that is merged the same holds, but that a whole axis, which names its kind, is the file's own.
    Raises `SweeperError` where no such file can be extended.
    """
    chain = [document]
    while KEY in chain[-1].data:
        chain.append(_extends(chain))
    whole = chain.pop()
    while chain:
        own = chain.pop()
        whole = _merged(whole, own, merged)
    return whole


def _extends(chain: list[Document]) -> Document:
    """The document that the last of `chain` extends, its own paths made relative to the first's."""
    last = chain[-1]
    name = last.data.pop(KEY)
    if not isinstance(name, str) or not name.strip():
        raise last.error((KEY,), f"must be the path of a YAML file, but got {shown(name)}")
    path = FilePath(last.name).parent / name
    known = [os.path.realpath(document.name) for document in chain]
    if os.path.realpath(path) in known or len(chain) > _MOST:
        files = " → ".join([*(document.name for document in chain), str(path)])
        raise last.error((KEY,), f"leads back to a file that is there already: {files}")
    try:
        found = read(path, later=True)
    except SweeperError as error:
        place = last.place((KEY,))
        raise SweeperError(f"{place}: {KEY}: {error}") from error
    _relocate(found, os.path.relpath(path.parent, FilePath(chain[0].name).parent))
    return found


def _relocate(document: Document, folder: str) -> None:
    """Makes the paths of Python files relative to the folder of the file that extends it."""
    beside = FilePath(document.name).parent
    data = document.data
    data.update({key: _own_files(value, folder, beside) for key, value in data.items()})
    command = data.get("command")
    if isinstance(command, str):
        words = re.split(r"(\s+)", command)
        data["command"] = "".join(_moved_word(word, folder, beside) for word in words)
    if isinstance(command, list):
        data["command"] = [_moved_word(word, folder, beside) for word in command]


def _own_files(value: Any, folder: str, beside: FilePath) -> Any:
    """A value with the `file.py:Name` in it moved whose files lie beside the space."""
    if isinstance(value, dict):
        return {
            _own_files(key, folder, beside): _own_files(item, folder, beside)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_own_files(item, folder, beside) for item in value]
    if not isinstance(value, str) or ".py:" not in value:
        return value
    there = os.path.isfile(beside / value.partition(":")[0])
    return _moved(value, folder) if there else value


def _moved(value: Any, folder: str) -> Any:
    if not isinstance(value, str) or ".py:" not in value or os.path.isabs(value):
        return value
    return os.path.normpath(os.path.join(folder, value))


def _moved_word(word: Any, folder: str, beside: FilePath) -> Any:
    """A word of a command, moved where it names a file beside the space that is extended."""
    relative = isinstance(word, str) and not os.path.isabs(word)
    if not relative or folder == os.curdir or not os.path.isfile(beside / word):
        return word
    return os.path.normpath(os.path.join(folder, word))


def _merged(base: Document, own: Document, merged: Collection[str]) -> Document:
    if "blocks" in base.data and "blocks" in own.data:
        base, own = _by_name(base), _by_name(own)
    places = dict(base.places)
    data = dict(base.data)
    for key, value in own.data.items():
        data[key] = _laid_over(data.get(key), value, (key,), places, deep=key in merged)
    places.update(own.places)
    mistakes = [*base.mistakes, *own.mistakes]
    return Document(own.name, data, places, mistakes, (*base.more, base.name, *own.more))


def _by_name(document: Document) -> Document:
    """The document with its blocks by their names, where they are a list of mappings."""
    blocks = document.data["blocks"]
    if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
        return document
    names = [str(one.get("name") or place + 1) for place, one in enumerate(blocks)]
    if len(set(names)) < len(names):
        return document
    plain = [{key: value for key, value in one.items() if key != "name"} for one in blocks]
    places = {
        (path[0], names[int(path[1])], *path[2:])
        if path[:1] == ("blocks",) and path[1:]
        else path: at
        for path, at in document.places.items()
    }
    return replace(
        document,
        data={**document.data, "blocks": dict(zip(names, plain, strict=True))},
        places=places,
    )


def _laid_over(below: Any, above: Any, path: Path, places: dict[Path, str], *, deep: bool) -> Any:
    """`above`, and of mappings what `below` holds besides; `places` loses what is covered."""
    both = isinstance(below, dict) and isinstance(above, dict)
    if not deep or not both or "kind" in above:
        for place in [place for place in places if place[: len(path)] == path]:
            del places[place]
        return above
    laid = {
        key: _laid_over(below.get(key), value, (*path, key), places, deep=True)
        for key, value in above.items()
    }
    taken = {key for key, value in above.items() if value is None and key in below}
    return {key: value for key, value in {**below, **laid}.items() if key not in taken}
