"""The distributions of a W&B sweep's parameters, as axes and formulas.

What each draws is as `sweeps/params.py` of wandb/sweeps has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sweeper.converting import space_text
from sweeper.converting.draft import Draft
from sweeper.errors import Invalid, shown
from sweeper.schema.rules import number

_E = "2.718281828459045"
_WIDE = 3
"""How many standard deviations a range holds that stands for a normal distribution."""

_TAIL = 6.1
"""More standard deviations than any draw of an axis of kind normal lies off its mean."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of the sweep: its name, its keys, and whether a learning sampler draws it."""

    name: str
    keys: Mapping[str, Any]
    learns: bool

    def number(self, key: str, default: float | None = None) -> Any:
        """The number under `key`; raises `Invalid` where it is none, or not there."""
        if key not in self.keys and default is not None:
            return default
        if key not in self.keys:
            given = self.keys.get("distribution", "uniform")
            raise Invalid(f"needs the key {shown(key)}, as its distribution is {given}")
        try:
            return number(self.keys[key])
        except Invalid as error:
            raise error.under(key) from None

    def ends(self) -> tuple[Any, Any]:
        """`min` and `max`."""
        low, high = self.number("min"), self.number("max")
        if low > high:
            raise Invalid(f"needs min <= max, but got min={shown(low)} and max={shown(high)}")
        return low, high


def _uniform(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    draft.range(one.name, {"kind": "float", "low": low, "high": high})


def _int_uniform(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    whole = math.ceil(low), math.floor(high)
    if whole[0] > whole[1]:
        raise Invalid(f"needs a whole number from min={shown(low)} to max={shown(high)}")
    if whole != (low, high):
        draft.lose(one.name, f"its whole numbers are {whole[0]} to {whole[1]}")
    draft.range(one.name, {"kind": "int", "low": whole[0], "high": whole[1]})


def _log_uniform_values(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    _by_ratio(draft, one, low, high)


def _log_uniform(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    remark = f"e^{space_text.flow(low)} to e^{space_text.flow(high)}"
    _by_ratio(draft, one, _exp(low), _exp(high), remark)


def _inv_log_uniform(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    remark = f"e^{space_text.flow(-high)} to e^{space_text.flow(-low)}"
    _by_ratio(draft, one, _exp(-high), _exp(-low), remark)


def _by_ratio(draft: Draft, one: Parameter, low: float, high: float, remark: str = "") -> None:
    if low <= 0:
        rule = "needs min > 0, as it is drawn by ratio (log_uniform takes exponents of e)"
        raise Invalid(f"{rule}, but got min={shown(low)}")
    draft.range(one.name, {"kind": "float", "low": low, "high": high, "log": True}, remark)


def _exp(exponent: float) -> float:
    try:
        value = math.exp(exponent)
    except OverflowError:
        value = 0.0
    if not value:
        rule = "needs exponents of e, as min: -10 for 4.5e-5 (log_uniform_values takes the numbers)"
        raise Invalid(f"{rule}, but got {shown(exponent)}")
    return value


def _q_uniform(draft: Draft, one: Parameter) -> None:
    _stepped(draft, one, *one.ends())


def _q_log_uniform(draft: Draft, one: Parameter) -> None:
    low, high = one.ends()
    _stepped(draft, one, _exp(low), _exp(high), log=True)


def _q_log_uniform_values(draft: Draft, one: Parameter) -> None:
    _stepped(draft, one, *one.ends(), log=True)


def _stepped(
    draft: Draft, one: Parameter, low: float, high: float, *, log: bool = False, drawn: bool = True
) -> None:
    """A range by steps of `q`: W&B draws from `low` to `high` and rounds to multiples of it."""
    step = one.number("q", 1)
    if step <= 0:
        raise Invalid(f"must be above 0, but got {shown(step)}", ("q",))
    first, last = round(low / step), round(high / step)
    if log and first <= 0:
        draft.lose(one.name, "0, to which W&B rounds its least draws, is no number by ratio")
        first = 1
    last, exact = max(first, last), Decimal(str(step))
    ends = [float(place * exact) for place in (first, last)]
    if drawn and (ends[0] != low or ends[1] != high):
        said = " to ".join(space_text.flow(end) for end in ends)
        draft.lose(one.name, f"goes from {said}, the multiples of q that W&B rounds to")
    if isinstance(step, int):
        whole = {"kind": "int", "low": int(ends[0]), "high": int(ends[1])}
        keys = whole | ({"log": True} if log else {}) | ({"step": step} if step != 1 else {})
    else:
        keys = {"kind": "float", "low": ends[0], "high": ends[1]}
        keys |= ({"log": True} if log else {}) | {"step": step}
    draft.range(one.name, keys)


def _normal(draft: Draft, one: Parameter) -> None:
    mean, sd = _moments(one)
    if one.learns:
        low, high = (float(f"{mean + sds * sd:.12g}") for sds in (-_WIDE, _WIDE))
        _said_wide(draft, one, low, high)
        draft.range(one.name, {"kind": "float", "low": low, "high": high})
    else:
        draft.axis(one.name, {"kind": "normal", "mean": mean, "sd": sd})


def _q_normal(draft: Draft, one: Parameter) -> None:
    mean, sd = _moments(one)
    if one.learns:
        low, high = (float(f"{mean + sds * sd:.12g}") for sds in (-_WIDE, _WIDE))
        _said_wide(draft, one, low, high)
        _stepped(draft, one, low, high, drawn=False)
    else:
        helper = {"kind": "normal", "mean": mean, "sd": sd}
        draft.derive(one.name, helper, _rounded(one, "{0}"))


def _log_normal(draft: Draft, one: Parameter) -> None:
    mean, sd = _moments(one)
    if one.learns:
        low, high = _exp(mean - _WIDE * sd), _exp(mean + _WIDE * sd)
        _said_wide(draft, one, low, high)
        draft.range(one.name, {"kind": "float", "low": low, "high": high, "log": True})
    else:
        _exp(mean - _TAIL * sd), _exp(mean + _TAIL * sd)
        draft.derive(one.name, {"kind": "normal", "mean": mean, "sd": sd}, f"{_E} ** {{0}}")


def _q_log_normal(draft: Draft, one: Parameter) -> None:
    mean, sd = _moments(one)
    if one.learns:
        low, high = _exp(mean - _WIDE * sd), _exp(mean + _WIDE * sd)
        _said_wide(draft, one, low, high)
        _stepped(draft, one, low, high, log=True, drawn=False)
    else:
        _exp(mean - _TAIL * sd), _exp(mean + _TAIL * sd)
        helper = {"kind": "normal", "mean": mean, "sd": sd}
        draft.derive(one.name, helper, _rounded(one, f"{_E} ** {{0}}"))


def _moments(one: Parameter) -> tuple[float, float]:
    mean, sd = one.number("mu", 0), one.number("sigma", 1)
    if sd <= 0:
        raise Invalid(f"must be above 0, but got {shown(sd)}", ("sigma",))
    return mean, sd


def _said_wide(draft: Draft, one: Parameter, low: float, high: float) -> None:
    ends = f"{low:.6g} to {high:.6g}"
    kind = one.keys.get("distribution", "normal")
    draft.lose(one.name, f"{kind} is the range {ends} for tpe: only random and qmc draw from it")


def _rounded(one: Parameter, formula: str) -> str:
    """`formula`, rounded to multiples of `q`."""
    step = one.number("q", 1)
    if step <= 0:
        raise Invalid(f"must be above 0, but got {shown(step)}", ("q",))
    text = space_text.flow(step)
    return f"round({formula})" if step == 1 else f"round({formula} / {text}) * {text}"


def _beta(draft: Draft, one: Parameter) -> None:
    draft.lose(one.name, f"{one.keys.get('distribution')} is drawn evenly from 0 to 1 here")
    draft.range(one.name, {"kind": "float", "low": 0, "high": 1})


def _q_beta(draft: Draft, one: Parameter) -> None:
    draft.lose(one.name, f"{one.keys.get('distribution')} is drawn evenly from 0 to 1 here")
    _stepped(draft, one, 0, 1, drawn=False)


DRAWN: Mapping[str, Callable[[Draft, Parameter], None]] = {
    "uniform": _uniform,
    "int_uniform": _int_uniform,
    "q_uniform": _q_uniform,
    "log_uniform": _log_uniform,
    "log_uniform_values": _log_uniform_values,
    "q_log_uniform": _q_log_uniform,
    "q_log_uniform_values": _q_log_uniform_values,
    "inv_log_uniform": _inv_log_uniform,
    "inv_log_uniform_values": _log_uniform_values,
    "normal": _normal,
    "q_normal": _q_normal,
    "log_normal": _log_normal,
    "q_log_normal": _q_log_normal,
    "beta": _beta,
    "q_beta": _q_beta,
}
"""How each distribution is said here; that of `inv_log_uniform_values` is log-uniform, too."""
