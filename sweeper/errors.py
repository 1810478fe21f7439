"""Errors about users' input, with the rule, the value and the valid choices in the message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

_LONGEST = 60
_MOST_LISTED = 30


class SweeperError(Exception):
    """The user's mistake: one message with rule, value, valid choices and place."""

    exit_code = 2


class NothingToShow(SweeperError):
    """Raised where a study has nothing to show yet."""

    exit_code = 1


class Invalid(ValueError):
    """A value breaks a rule; whoever knows the file and line makes a `SweeperError` of it.

    `message` is a predicate (`must be a number, but got 'abc'`) about the value at `path`, which
    is relative to where it was raised.
    """

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def under(self, *prefix: str | int) -> Invalid:
        """The same complaint, seen from further up."""
        return Invalid(self.message, (*prefix, *self.path))


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the closest of `valid`, or nothing where none is close."""
    lowered = {name.lower(): name for name in valid}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f" (did you mean {lowered[close[0]]!r}?)" if close else ""


def choices(word: str, valid: Iterable[str]) -> str:
    """` (did you mean 'x'?); valid: x, y, z`: the whole answer to an unknown name."""
    names = list(valid)
    return f"{did_you_mean(word, names)}; valid: {listed(word, names) or 'none'}"


def listed(word: str, names: Sequence[str]) -> str:
    """`x, y, z`; of more than 30 those nearest to `word`, and how many more there are."""
    if len(names) <= _MOST_LISTED:
        return ", ".join(names)
    nearest = difflib.get_close_matches(word, names, n=_MOST_LISTED, cutoff=0.0)
    return f"{', '.join(nearest)}, and {len(names) - _MOST_LISTED} more"


def shown(value: Any) -> str:
    """A value as messages quote it: as YAML would have it, text in quotes, cut if long."""
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, dict):
        text = "the mapping {" + ", ".join(f"{key}: …" for key in value) + "}"
    elif isinstance(value, list | tuple):
        inside = ", ".join(shown(item) for item in value[:8])
        text = "the list [" + inside.replace("the list ", "").replace("the mapping ", "") + "]"
    else:
        text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def dotted(path: Path) -> str:
    """A path as users write it: `axes.optimizer.lr.values[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part or repr(part)}" if text else part or repr(part)
    return text
