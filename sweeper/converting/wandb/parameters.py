"""The parameters of a W&B sweep as axes, fixed parameters and formulas.

Its keys are those that W&B documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sweeper.converting import space_text
from sweeper.converting.draft import Draft
from sweeper.converting.wandb.distributions import DRAWN, Parameter
from sweeper.errors import Invalid, Mistakes, choices, shown
from sweeper.schema.expression import MAX_LENGTH
from sweeper.text import is_number

_KEYS = (
    *("value", "values", "probabilities", "distribution", "min", "max", "q", "mu", "sigma"),
    *("a", "b", "parameters"),
)


def convert(draft: Draft, given: Any, method: str) -> list[tuple[str, ...]]:
    """Adds the parameters to the draft; returns the path of each, in their order.

    Raises `Invalid` for what is no parameter of a sweep.
    """
    mistakes, found = Mistakes(), list[tuple[str, ...]]()
    for path, keys in _flat(given, (), mistakes):
        name = ".".join(path)
        if name in draft.names:
            mistakes.add(Invalid(f"is {shown(name)}, which is there twice").under(*_place(path)))
            continue
        unknown = {
            key: f"is no key that W&B documents{choices(key, _KEYS)}"
            for key in keys
            if key not in _KEYS
        }
        for key, what in unknown.items():
            draft.lose(f"{name}.{key}", what)
        with mistakes.under(*_place(path)):
            try:
                _convert(draft, Parameter(name, keys, method == "bayes"), method)
            except Invalid as error:
                others = (Invalid(what, (key,)) for key, what in unknown.items())
                raise Invalid(error.message, error.path, others) from None
        found.append(path)
    mistakes.check()
    return found


def _flat(
    given: Any, above: tuple[str, ...], mistakes: Mistakes
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each parameter with the names that lead to it, those within others too."""
    if not isinstance(given, dict) or not given:
        error = Invalid(f"must be a mapping of parameters, but got {shown(given)}")
        mistakes.add(error.under(*_place(above), *(["parameters"] if above else [])))
        return
    for name, keys in given.items():
        path = (*above, name)
        if not isinstance(keys, dict):
            rule = "must be a mapping with value, values or min and max"
            mistakes.add(Invalid(f"{rule}, but got {shown(keys)}").under(*_place(path)))
        elif "parameters" in keys and not {"value", "values"} & set(keys):
            yield from _flat(keys["parameters"], path, mistakes)
        else:
            yield path, keys


def _place(path: tuple[str, ...]) -> tuple[str, ...]:
    """Where a parameter stands below the top one's mapping."""
    return tuple(part for name in path for part in ("parameters", name))[1:]


def _convert(draft: Draft, one: Parameter, method: str) -> None:
    known = _distribution(one)
    values = one.keys.get("values") if known == "categorical" else None
    if values is not None and not isinstance(values, list):
        raise Invalid(f"must be a list, but got {shown(values)}", ("values",))
    if known == "constant":
        values = [one.keys["value"]] if "value" in one.keys else one.keys.get("values")
        if not isinstance(values, list) or len(values) != 1:
            raise Invalid("needs the key 'value', as its distribution is constant")
    elif known == "categorical" and not values:
        raise Invalid("must hold at least one value, but has none", ("values",))
    if draft.seeds(one.name, values):
        return
    if known == "constant":
        draft.fix(one.name, values[0] if values else None)
    elif known == "categorical":
        _categorical(draft, one, list(values or ()), method)
    else:
        DRAWN[known](draft, one)


def _distribution(one: Parameter) -> str:
    """The name of its distribution, which W&B infers from the keys where it is not said."""
    said = one.keys.get("distribution")
    if said is None:
        if "value" in one.keys:
            return "constant"
        if "values" in one.keys:
            return "categorical"
        if "min" in one.keys or "max" in one.keys:
            ends = (one.keys.get("min"), one.keys.get("max"))
            whole = all(isinstance(end, int) for end in ends)
            return "int_uniform" if whole else "uniform"
        if {"mu", "sigma"} & set(one.keys):
            return "normal"
        raise Invalid("needs value, values, min and max, or a distribution")
    known = ["constant", "categorical", *DRAWN]
    if said == "categorical_w_probabilities":
        return "categorical"
    if said not in known:
        valid = choices(str(said), known)
        raise Invalid(f"is no distribution of W&B, but got {shown(said)}{valid}", ("distribution",))
    return str(said)


def _categorical(draft: Draft, one: Parameter, values: list[Any], method: str) -> None:
    shares = one.keys.get("probabilities")
    if shares is None:
        draft.values(one.name, values)
        return
    good = isinstance(shares, list) and all(is_number(share) and share >= 0 for share in shares)
    if not good or len(shares) != len(values) or abs(sum(shares) - 1) > 1e-6:
        rule = f"must be {len(values)} numbers that sum to 1, one for each value"
        raise Invalid(f"{rule}, but got {shown(shares)}", ("probabilities",))
    held = [(value, share) for value, share in zip(values, shares, strict=True) if share]
    formula = _by_share([draft.plain(one.name, value) for value, _ in held], [s for _, s in held])
    if method == "grid":
        draft.lose(f"{one.name}.probabilities", "a grid takes each value once")
        draft.values(one.name, values)
    elif len(held) == 1:
        draft.fix(one.name, held[0][0])
    elif formula is None:
        draft.lose(f"{one.name}.probabilities", "each value is as likely as the others here")
        draft.values(one.name, [value for value, _ in held])
    else:
        draft.derive(one.name, {"kind": "float", "low": 0, "high": 1}, formula)


def _by_share(values: list[Any], shares: list[float]) -> str | None:
    """A formula of the values, each for its share of 0 to 1; `None` where none can say them."""
    texts, until = [_literal(value) for value in values], Decimal(0)
    if any(text is None for text in texts):
        return None
    formula = ""
    for text, share in zip(texts[:-1], shares, strict=False):
        until += Decimal(str(share))
        formula += f"{text} if {{0}} < {until} else "
    formula += str(texts[-1])
    return formula if len(formula) < MAX_LENGTH / 2 else None


def _literal(value: Any) -> str | None:
    """A value as expressions write it; `None` where they cannot."""
    if isinstance(value, str):
        plain = value.isprintable() and not set(value) & set("'\"\\{}")
        return f"'{value}'" if plain else None
    return None if isinstance(value, list) else space_text.flow(value)
