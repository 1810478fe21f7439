"""Short forms in which keys of a space may be written, each put in its own place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeper.errors import Invalid, Mistakes, closest
from sweeper.space.keys.axes_rule import known_keys
from sweeper.space.keys.validators import TRAINED, rungs_rule, seeds_rule


def written_out(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a space, each thing under its own key; raises `Invalid`."""
    return {**data, **_first_direction(data), **_held_out(data), **_agents(data)}


def _agents(data: Mapping[str, Any]) -> dict[str, Any]:
    """The agents that an axis `agent` lists, where the space names none."""
    axes = data.get("axes")
    axis = axes.get("agent") if isinstance(axes, dict) else None
    listed = axis.get("values") if isinstance(axis, dict) else None
    if all(data.get(key) is None for key in TRAINED) and isinstance(listed, list):
        return {"agent": listed}
    return {}


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
    seeds = data.get("seeds")
    if not isinstance(seeds, dict) or _counted_on(seeds):
        return {}
    try:
        tune, test, rungs = _split(data["seeds"])
    except Invalid as error:
        raise error.under("seeds") from error
    return {"seeds": tune, "held_out": test, "rungs": rungs}


def _counted_on(seeds: Mapping[str, Any]) -> bool:
    """Whether a mapping means seeds from one on, and not those to tune and to test on."""
    forms = ("from", "count"), ("tune", "test")
    meant = [closest(key, [*forms[0], *forms[1]]) for key in seeds]
    return any(key in forms[0] for key in meant) and not any(key in forms[1] for key in meant)


def _split(value: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    """The seeds to tune on, those held out, and the rungs of the former.

    Of `{tune: 5, test: 10}` 0-4, 5-14 and none; of `{tune: [2, 5]}` 0-4, none, and 2 and 5.
    """
    mistakes = Mistakes()
    with mistakes.under():
        known_keys(value, ("tune", "test"))
    if value.get("tune") is None:
        mistakes.add(Invalid("needs the key 'tune', as in {tune: 5, test: 10}"))
    tune: tuple[int, ...] = ()
    test: tuple[int, ...] = ()
    rungs: tuple[int, ...] = ()
    with mistakes.under("tune"):
        if isinstance(value.get("tune"), list | tuple):
            rungs = rungs_rule(value["tune"])
            tune = seeds_rule(rungs[-1])
        else:
            tune = seeds_rule(value["tune"]) if value.get("tune") is not None else ()
    with mistakes.under("test"):
        test = seeds_rule(value["test"]) if value.get("test") is not None else ()
    mistakes.check()
    if not isinstance(value.get("test"), list | tuple | dict):
        test = tuple(max(tune) + 1 + seed for seed in test)
    both = sorted(set(tune) & set(test))
    if both:
        raise Invalid(f"must be other seeds than tune, but both have {both[0]}", ("test",))
    return tune, test, rungs
