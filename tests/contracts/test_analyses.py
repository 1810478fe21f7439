"""Whatever analysis: it says what it reports, packed, alone and continued the same, bit for bit."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents import lookup
from agents.analyses import base
from agents.learners import dqn, drq
from tests.helpers.paths import ROOT

NAMES = lookup.names("analyses")
TASKS = ("minatar/breakout", "minatar/asterix", "minatar/breakout")
SMALL = {"network.convs": (4,), "network.units": 8}
SCHEDULE = SimpleNamespace(every=10, episodes=1, steps=None, cap=30)


STEPS: dict[Any, int] = {}
"""How many steps an analysis takes of what it is asked for here."""

PAGE = (ROOT / "docs" / "how_to" / "an_analysis.md").read_text(encoding="utf-8")


@pytest.fixture(params=[*NAMES, "the page's example"])
def analysis(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param in NAMES:
        return lookup.find("analyses", request.param)
    (tmp_path / "action_gap.py").write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    return lookup.find("analyses", f"{tmp_path}/action_gap.py:Analysis")


def sources(analysis: Any) -> list[Any]:
    """Agents after ten steps, one with a normalised layer: some states shall be looked at."""
    params = {name: one.default for name, one in analysis.parameters.items()}
    params |= {"states": 150, "copies": 4, "grid": 11, "samples": 7}
    found = []
    for seed, task in enumerate(TASKS):
        own = dqn.Learner.complete(SMALL | {"sn.layers": (-2,) if seed == 1 else ()})
        run = SimpleNamespace(params=own, task=task, seed=seed, steps=10, evaluation=SCHEDULE)
        pack = dqn.Learner.start([run], [None], "cpu")
        pack.train(10)
        kept = {"weights": pack.weights(0), "state": pack.save(0)}
        found.append(SimpleNamespace(run=run, params=params, **kept))
    return found


def ended(pack: Any, rounds: int = 10**6) -> dict[int, dict[str, float]]:
    """The metrics of each member that ends within some rounds."""
    found = {}
    for _ in range(rounds):
        for report in pack.advance():
            assert report.done and report.step == STEPS[type(pack)]
            found[report.member] = dict(report.metrics)
        if not pack.members:
            break
    return found


def test_packed_alone_dropped_and_continued_it_says_the_same(analysis, monkeypatch):
    monkeypatch.setattr(base, "SECONDS", 0.0)
    every = sources(analysis)
    steps = STEPS[analysis] = analysis.steps(every[0].params)
    together = ended(analysis(dqn.Learner, every, [None] * 3, "cpu"))
    assert all(list(metrics) == list(analysis.metrics) for metrics in together.values())
    for member, source in enumerate(every):
        alone = analysis(dqn.Learner, [source], [None], "cpu")
        assert ended(alone) == {0: together[member]}
    broken_off = analysis(dqn.Learner, every, [None] * 3, "cpu")
    assert not ended(broken_off, 1) and 0 < broken_off.step < steps and broken_off.progress
    broken_off.drop([1])
    assert not ended(broken_off, 1)
    states = [broken_off.save(member) for member in (0, 2)]
    again = analysis(dqn.Learner, [every[0], every[2]], states, "cpu")
    assert again.step == broken_off.step
    assert [*ended(again).values()] == [*ended(broken_off).values()] == [together[0], together[2]]


def test_its_parameters_are_no_agents_and_it_says_which_agents_it_cannot_analyse(analysis):
    for name in lookup.names("learners"):
        assert not set(analysis.parameters) & set(lookup.find("learners", name).parameters)
    assert analysis.steps({name: one.default for name, one in analysis.parameters.items()}) > 0
    sizes = analysis.sizes(dqn.Learner, {}, TASKS[0], sources(analysis)[0].params)
    assert sizes.member > 0 and sizes.once > 0
    analysis.check(dqn.Learner)
    with pytest.raises(ValueError, match=r"needs an agent .* dqn"):
        analysis.check(drq.Learner)
