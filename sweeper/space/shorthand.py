"""Short forms in a space, written out before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeper.errors import Invalid, choices
from sweeper.space.validators import seeds_rule


def written_out(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a space, each thing under its own key; raises `Invalid`."""
    return {**data, **_first_direction(data), **_held_out(data)}


def _first_direction(data: Mapping[str, Any]) -> dict[str, Any]:
    """The direction of the first of several scores is the space's."""
    score = data.get("score")
    if not isinstance(score, list) or not score or not isinstance(score[0], dict):
        return {}
    first = score[0]
    if first.get("direction") is None:
        return {}
    if data.get("direction") not in (None, first["direction"]):
        raise Invalid("contradicts the direction of the first score", ("direction",))
    own = {key: value for key, value in first.items() if key != "direction"}
    return {"direction": first["direction"], "score": [own, *score[1:]]}


def _held_out(data: Mapping[str, Any]) -> dict[str, Any]:
    """Seeds that are held out stand for themselves."""
    if not isinstance(data.get("seeds"), dict):
        return {}
    try:
        tune, test = _split(data["seeds"])
    except Invalid as error:
        raise error.under("seeds") from error
    return {"seeds": tune, "held_out": test}


def _split(value: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds to tune on and those held out, of `{tune: 5, test: 10}`: 0-4 and 5-14."""
    for key in value:
        if key not in ("tune", "test"):
            raise Invalid(f"is an unknown key{choices(key, ('tune', 'test'))}", (key,))
    if "tune" not in value:
        raise Invalid("needs the key 'tune', as in {tune: 5, test: 10}")
    found = []
    for key in ("tune", "test"):
        try:
            found.append(seeds_rule(value[key]) if value.get(key) is not None else ())
        except Invalid as error:
            raise error.under(key) from error
    tune, test = found
    if not isinstance(value.get("test"), list | tuple):
        test = tuple(max(tune) + 1 + seed for seed in test)
    both = sorted(set(tune) & set(test))
    if both:
        raise Invalid(f"must be other seeds than tune, but both have {both[0]}", ("test",))
    return tune, test
