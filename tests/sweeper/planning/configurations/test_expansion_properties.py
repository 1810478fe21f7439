"""Random spaces of the whole language expand to what a plain product, filtered, expands to."""

from __future__ import annotations

import json
from itertools import pairwise, product

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeper.errors import SweeperError
from sweeper.lookup import find
from sweeper.planning.configurations.expansion import Expansion
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.digest import digest
from sweeper.space.overrides import KEYS
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.paths import FAKE_AGENT

RICH = f"{FAKE_AGENT}:Rich"
TASKS = ("minatar/breakout", "minatar/asterix")


def some(values, least=1):
    """Different values out of `values`, in any order."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=3, unique=True)


def simple(name, kind, values):
    """An axis of `values`: its keys, and what brute force must know of it."""
    points = [(item, {name: item}) for item in values]
    return {"kind": kind, "values": values}, points


def ranged(name, keys, values):
    return {"kind": keys.pop("kind"), **keys}, [(item, {name: item}) for item in values]


def shape(units, layers):
    points = [
        (f"{u}x{n}", {"network.units": u, "network.layers": n}) for u in units for n in layers
    ]
    return {"kind": "shape", "units": units, "layers": layers}, points


def labelled(units):
    values = {f"w{item}": {"units": item} for item in units}
    points = [(f"w{item}", {"network.units": item}) for item in units]
    return {"kind": "choice", "values": values}, points


def norm(values, groups):
    points = []
    for value in values:
        both = [{"norm.kind": value, "norm.groups": count} for count in groups]
        one = [(f"group[{params['norm.groups']}]", params) for params in both]
        points += one if value == "group" else [(value, {"norm.kind": value})]
    keys = {"kind": "norm", "values": values}
    return keys | ({"groups": groups} if "group" in values else {}), points


def layers(sets):
    points = [
        (f"sn[{','.join(map(str, one))}]" if one else "none", {"sn.layers": tuple(one)})
        for one in sets
    ]
    return {"kind": "layers", "sets": [one or "none" for one in sets]}, points


UNITS = [64, 96, 128, 192]
AXES = st.fixed_dictionaries(
    {"network.units": some(UNITS).map(lambda v: simple("network.units", "int", v))},
    optional={
        "optimizer": some(["adam", "sgd", "rmsprop"]).map(
            lambda v: simple("optimizer", "choice", v)
        ),
        "optimizer.lr": some([1e-4, 1e-3, 0.5]).map(lambda v: simple("optimizer.lr", "float", v)),
        "asymmetry.alpha": st.just(
            ranged("asymmetry.alpha", {"kind": "float", "low": 0.25, "high": 0.75, "count": 3},
                   [0.25, 0.5, 0.75])),
        "network.layers": st.sampled_from([
            ranged("network.layers", {"kind": "int", "low": 1, "high": 5, "step": 2}, [1, 3, 5]),
            ranged("network.layers", {"kind": "int", "low": 1, "high": 4, "log": True, "count": 3},
                   [1, 2, 4]),
            ranged("network.layers", {"kind": "int", "low": 1, "high": 2}, [1, 2])]),
        "norm": st.builds(norm, some(["none", "layer", "group", "batch"]), some([8, 48])),
        "sn.layers": some([(), (-1,), (-2,), (-1, -2)]).map(layers),
        "clip": some([False, True]).map(
            lambda v: ({"kind": "choice", "values": v},
                       [(str(item).lower(), {"clip": item}) for item in v])),
    },
)  # fmt: skip
BODIES = st.one_of(
    st.none(),
    st.builds(shape, some(UNITS), some([1, 2])),
    some(UNITS).map(labelled),
)
DERIVED = {
    "asymmetry.beta": ("1 - asymmetry.alpha", lambda p: 1 - p["asymmetry.alpha"]),
    "limit": ("network.units // 2", lambda p: p["network.units"] // 2),
    "network.hidden": ("limit + norm.groups", None),
}
CONSTRAINTS = {
    "network.units % norm.groups == 0": lambda p: (
        p["norm.groups"] is None or p["network.units"] % p["norm.groups"] == 0
    ),
    "network.units * network.layers <= 256": lambda p: (
        p["network.units"] * p["network.layers"] <= 256
    ),
    "optimizer == 'adam' or not optimizer.lr > 0.1": lambda p: (
        p["optimizer"] == "adam" or p["optimizer.lr"] <= 0.1
    ),
    "48 <= asymmetry.beta * 100 < 60": lambda p: 48 <= p["asymmetry.beta"] * 100 < 60,
}


@st.composite
def drawn(draw):
    """Axes with their points, conditions, zips, formulas."""
    found = draw(AXES)
    body = draw(BODIES)
    if body is not None:
        found = {"network": body} | found
        del found["network.units"]
        found.pop("network.layers", None)
    names = draw(st.permutations(list(found)))
    rank = draw(st.permutations(names))
    axes = {name: dict(found[name][0]) for name in names}
    points = {name: found[name][1] for name in names}
    zips = []
    for first, second in pairwise(names):
        if len(points[first]) == len(points[second]) and draw(st.booleans()):
            pair = draw(st.permutations([first, second]))
            if not {first, second} & {name for group in zips for name in group}:
                zips.append(list(pair))
    followers = {group[1]: group[0] for group in zips}
    for name in names:
        before = [
            other
            for other in rank
            if rank.index(followers.get(other, other)) < rank.index(name)
            and not {"log", "count"} & set(axes[other])
        ]
        if name in followers or not before:
            continue
        when = {}
        for other in draw(st.lists(st.sampled_from(before), max_size=2, unique=True)):
            labels = [label for label, _ in points[other]]
            when[other] = draw(some(labels))
        if when:
            axes[name]["when"] = when
    for name in names:
        if draw(st.booleans()):
            axes[name]["default"] = draw(st.sampled_from(points[name]))[0]
    keep = st.lists(st.sampled_from(list(DERIVED)), unique=True)
    derived = [name for name in DERIVED if name in draw(keep)]
    constraints = draw(st.lists(st.sampled_from(list(CONSTRAINTS)), max_size=2, unique=True))
    return axes, points, zips, derived, constraints, draw(st.sampled_from(["drop", "error"]))


def arranged(axes, zips):
    """Groups of axes: again and again the first one whose conditions name only placed axes."""
    lead = {group[0]: group for group in zips}
    follow = {group[1] for group in zips}
    waiting = [lead.get(name, [name]) for name in axes if name not in follow]
    placed = []
    while waiting:
        free = next(
            g
            for g in waiting
            if set(axes[g[0]].get("when", ())) <= {name for group in placed for name in group}
        )
        placed.append(free)
        waiting.remove(free)
    return placed


def is_active(name, axes, leader, labels):
    """Whether all that an axis depends on is active itself and has one of the wanted labels."""
    when = axes[leader[name]].get("when", {})
    return all(
        is_active(other, axes, leader, labels) and labels[other] in wanted
        for other, wanted in when.items()
    )


def brute(axes, points, zips, derived, constraints, base):
    """All valid combinations, inactive axes blanked, equal ones once; and how many are not."""
    groups = arranged(axes, zips)
    leader = {name: group[0] for group in groups for name in group}
    rows = [list(zip(*(points[name] for name in group), strict=True)) for group in groups]
    seen, good, bad = set(), [], 0
    for combination in product(*rows):
        chosen = {
            name: point
            for group, row in zip(groups, combination, strict=True)
            for name, point in zip(group, row, strict=True)
        }
        labels = {name: label for name, (label, _) in chosen.items()}
        active = {n: lab for n, lab in labels.items() if is_active(n, axes, leader, labels)}
        if tuple(active.items()) in seen:
            continue
        seen.add(tuple(active.items()))
        params = dict(base)
        for name in active:
            params |= chosen[name][1]
        for name in derived:
            if DERIVED[name][1]:
                params[name] = DERIVED[name][1](params)
            elif params["limit"] is not None and params["norm.groups"] is not None:
                params[name] = params["limit"] + params["norm.groups"]
        count = params["norm.groups"] if params["norm.kind"] == "group" else 1
        fits = params["network.units"] % count == 0
        if fits and all(CONSTRAINTS[text](params) for text in constraints):
            good.append((active, params))
        else:
            bad += 1
    return good, bad


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn(), st.integers(1, 2), st.integers(1, 2))
def test_random_spaces(tmp_path, space, seeds, tasks):
    axes, points, zips, derived, constraints, invalid = space
    keys = {
        "study": "demo",
        "agent": RICH,
        "axes": axes,
        "zip": zips,
        "derived": {name: DERIVED[name][0] for name in derived},
        "constraints": constraints,
        "invalid": invalid,
        "tasks": {name: {"low": 0, "high": 1} for name in TASKS[:tasks]},
        "seeds": seeds,
        "steps": 100,
        "evaluation": {"every": 50, "episodes": 1},
        "score": {"metric": "return"},
    }
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(keys, sort_keys=False))
    base = {name: one.default for name, one in find("agents.learners", RICH).parameters.items()}
    good, bad = brute(axes, points, zips, derived, constraints, base)
    if not good or (bad and invalid == "error"):
        with pytest.raises(SweeperError):
            load(path)
        return
    made = loaded(path)
    plan = Plan(made, load_trainable(made))
    expansion = Expansion(made, load_trainable(made))
    assert [dict(one.params) for one in expansion.grid().configurations] == [
        params for _, params in good
    ]
    assert expansion.grid().dropped == bad
    assert [list(trial.labels.items()) for trial in plan.trials] == [
        list(active.items()) for active, _ in good
    ]
    assert [trial.number for trial in plan.trials] == list(range(len(good)))
    assert [(run.trial, run.task, run.seed) for run in plan.runs] == list(
        product(range(len(good)), TASKS[:tasks], range(seeds))
    )
    ids = [run.id for run in plan.runs]
    assert len(set(ids)) == len(ids)
    again = Space.parse(json.loads(json.dumps(made.dump())))
    assert again == made
    data = {key: value for key, value in made.dump().items() if key in KEYS}
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    for same in (again, load(path)):
        assert digest(same) == digest(made)
        assert [run.id for run in Plan(same, load_trainable(same)).runs] == ids


def loaded(path):
    """The space; without its defaults where they are no valid combination."""
    try:
        return load(path)
    except SweeperError:
        data = yaml.safe_load(path.read_text())
        for axis in data["axes"].values():
            axis.pop("default", None)
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return load(path)
