"""Rules for single values, shared by spaces, axes, parameters and profiles."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from sweeper.errors import Invalid, Mistakes, cut, did_you_mean, shown
from sweeper.schema.yaml_text import NUMBER, scalar
from sweeper.text import canonical

R = TypeVar("R", bound=Callable[..., Any])

ACCEPTS = "accepts"
"""Where a rule holds the JSON Schema of what it accepts."""

NUMBER_TEXT: Mapping[str, Any] = {
    "pattern": rf"^\s*{NUMBER}\s*$",
    "patternErrorMessage": "must be a number",
}
"""Of a JSON Schema for numbers that may be written as text: 1_000 is text to most editors."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_NAME_LENGTH = 100
_LARGEST = 2**53
_FLAG_WORDS: Mapping[str | None, bool] = {
    **dict.fromkeys(("yes", "on", "y", "true"), True),
    **dict.fromkeys(("no", "off", "n", "false"), False),
}
"""What YAML 1.1 took for true and false, and 1.2 takes for text."""


def accepts(form: Mapping[str, Any]) -> Callable[[R], R]:
    """Notes the JSON Schema of what a rule accepts, for editors; `null` aside, which is absence.

    The schema may accept more than the rule, and never less. A rule without one is taken to accept
    what its annotation says.
    """

    def noted(rule: R) -> R:
        rule.__dict__[ACCEPTS] = form
        return rule

    return noted


def accepted(rule: Callable[..., Any]) -> dict[str, Any]:
    """The JSON Schema that `accepts` noted on a rule; raises `KeyError` where it noted none."""
    return dict(rule.__dict__[ACCEPTS])


@accepts({"type": ["number", "string"], **NUMBER_TEXT})
def number(value: Any) -> int | float:
    """A finite number; a number written as text counts, a boolean does not."""
    read = scalar(value.strip()) if isinstance(value, str) else value
    if isinstance(read, bool) or not isinstance(read, int | float) or not _finite(read):
        choice = "; kind: choice takes null" if value is None else ""
        raise Invalid(f"must be a number, but got {shown(value)}{choice}")
    return read


@accepts({"type": ["number", "string"], "exclusiveMinimum": 0, **NUMBER_TEXT})
def positive(value: Any) -> float:
    """A number above 0."""
    read = float(number(value))
    if read <= 0:
        raise Invalid(f"must be a number above 0, but got {shown(value)}")
    return read


def whole(least: int | None = None) -> Callable[[Any], int]:
    """A rule for whole numbers of at least `least`; `1e6` is whole."""
    rule = "a whole number" if least is None else f"a whole number of at least {least}"

    def check(value: Any) -> int:
        try:
            read = number(value)
        except Invalid:
            raise Invalid(f"must be {rule}, but got {shown(value)}") from None
        if read != int(read) or (least is not None and read < least):
            raise Invalid(f"must be {rule}, but got {shown(value)}")
        if abs(read) > _LARGEST:
            raise Invalid(f"must be at most 2**53, but got {shown(value)}")
        return int(read)

    ends = {"minimum": -_LARGEST if least is None else least, "maximum": _LARGEST}
    return accepts({"type": ["integer", "string"], **ends, **NUMBER_TEXT})(check)


@accepts({"type": "boolean"})
def flag(value: Any) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise Invalid(no_flag(value))
    return value


def no_flag(value: Any) -> str:
    """What is said of a value that is neither `true` nor `false`."""
    return f"must be true or false, but got {shown(value)}{meant_flag(value)}"


def meant_flag(value: Any) -> str:
    """`: write false` for a word that older YAML takes for a boolean, such as `off`."""
    word = value.strip().lower() if isinstance(value, str) else None
    return f": write {shown(_FLAG_WORDS[word])}" if word in _FLAG_WORDS else ""


@accepts({"type": "string", "pattern": r"\S"})
def text(value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        rule = "text that is not empty" if isinstance(value, str) else "text"
        raise Invalid(f"must be {rule}, but got {shown(value)}")
    return value


def one_of(*valid: str) -> Callable[[Any], str]:
    """A rule for one of a few words."""

    def check(value: Any) -> str:
        if value not in valid:
            hint = did_you_mean(str(value), valid)
            raise Invalid(f"must be one of {', '.join(valid)}, but got {shown(value)}{hint}")
        return str(value)

    return accepts({"enum": [*valid]})(check)


def mapping(value: Any) -> dict[str, Any]:
    """A mapping; nothing at all counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"must be a mapping of keys to values, but got {shown(value)}")
    return value


def items(value: Any) -> list[Any]:
    """A list with something in it."""
    if not isinstance(value, list | tuple):
        raise Invalid(f"must be a list, but got {shown(value)}")
    if not value:
        raise Invalid("must hold at least one value, but is empty")
    return list(value)


@accepts({"anyOf": [{"$ref": "#/definitions/plain"}]})
def simple(value: Any) -> Any:
    """A finite number, a boolean or text; or a list of these or of such lists, as a tuple."""
    if isinstance(value, list | tuple):
        return tuple(each(simple, value))
    if isinstance(value, dict) or value is None:
        raise Invalid(
            f"must be a number, text, true, false or a list of these, but got {shown(value)}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"must be a finite number, but got {shown(value)}")
    return value


@accepts({"$ref": "#/definitions/nullable"})
def nullable(value: Any) -> Any:
    """`simple`, or null; also within lists."""
    if isinstance(value, list | tuple):
        return tuple(each(nullable, value))
    return None if value is None else simple(value)


def with_calls(rule: Callable[[Any], Any], value: Any) -> Any:
    """`value` by `rule`, and in lists also names with arguments, as mappings."""
    if isinstance(value, list | tuple):
        return tuple(each(lambda item: _item(rule, item), value))
    return rule(value)


def _item(rule: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict) and value:
        return each_of(lambda item: _item(rule, item), value)
    return with_calls(rule, value)


def each(rule: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    """Every value as `rule` returns it; the path of an error starts with the value's index."""
    return list(each_of(rule, dict(enumerate(values))).values())


def each_of(rule: Callable[[Any], Any], values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Every value as `rule` returns it, by its key, with which the path of an error starts."""
    checked, mistakes = {}, Mistakes()
    for key, value in values.items():
        with mistakes.under(key):
            checked[key] = rule(value)
    mistakes.check()
    return checked


def distinct(keys: Iterable[str], path: tuple[str | int, ...] = ()) -> None:
    """Raises `Invalid` at those of `keys` that were there before."""
    seen: dict[str, int] = {}
    mistakes = Mistakes()
    for index, key in enumerate(keys):
        first = seen.setdefault(key, index)
        if first != index:
            rule = f"repeats {cut(key)}, which stands at [{first}] already"
            mistakes.add(Invalid(rule, (*path, index)))
    mistakes.check()


@accepts(
    {
        "type": ["string", "number", "boolean"],
        "pattern": f"^{_NAME.pattern}$",
        "maxLength": _NAME_LENGTH,
        "minimum": 0,
    }
)
def study_name(value: Any) -> str:
    """A plain file name that is safe in paths, shells and tables."""
    name = value if isinstance(value, str) else canonical(value)
    if not name or not _NAME.fullmatch(name) or len(name) > _NAME_LENGTH:
        raise Invalid(
            "must be a plain file name of letters, digits and _ . + -, not beginning with a dot "
            f"and at most {_NAME_LENGTH} characters long, but got {shown(value)}"
        )
    return name


def _finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


Number = Annotated[float, BeforeValidator(number)]
Positive = Annotated[int, BeforeValidator(whole(1))]
Flag = Annotated[bool, BeforeValidator(flag)]
Text = Annotated[str, BeforeValidator(text)]
Name = Annotated[str, BeforeValidator(study_name)]
