"""The rank of consecutive states is that of 32 of one copy, in their order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.diagnostics.effective_rank import srank
from agents.diagnostics.spectra import singular_values
from agents.learners import dqn, td3
from agents.training.evaluation import Evaluation
from tests.agents.diagnostics.test_diagnostics import NET, SMALL, pack

CASES = [(td3.Learner, "navigation/3", SMALL), (dqn.Learner, "minatar/breakout", NET)]


class Kept:
    """Keeps the states and actions of every step, and which copies were live."""

    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        self.steps: list[tuple[np.ndarray, ...]] = []

    def see(self, *step: np.ndarray) -> None:
        self.steps.append(tuple(part.copy() for part in step))

    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        pass


def evaluated(made: Any, **schedule: Any) -> tuple[np.ndarray, Kept]:
    """The ranks [P] of an evaluation of a pack, and what it saw."""
    every = {"episodes": None, "steps": None, "unfinished": "drop", "streams": None, "cap": 50}
    rank = lookup.find("diagnostics", "evaluation_rank")(made.learner, made.runs)
    kept, names = Kept(), [run.task for run in made.runs]
    seeds = [run.seed for run in made.runs]
    asked = SimpleNamespace(**{**every, **schedule})
    Evaluation(names, seeds, asked, "evaluation/7", [rank, kept]).advance(
        made.learner.evaluate, np.inf
    )
    return rank.found()["srank_32"], kept


def expected(made: Any, kept: Kept, member: int, most: int) -> float:
    """The mean rank of a member's whole batches, `most` of each copy, one by one."""
    found, net = [], made.learner.network("critic")
    for copy in range(kept.steps[0][2].shape[1]):
        steps = [[part[member, copy] for part in step] for step in kept.steps]
        for start in range(0, min(len(steps) - 31, 32 * most), 32):
            batch = zip(*steps[start : start + 32], strict=True)
            states, actions, live = (np.stack(part) for part in batch)
            if not live.all():
                continue
            x = torch.from_numpy(states).float()
            parts = [x, torch.from_numpy(actions)] if made.learner.continuous else [x]
            x = torch.cat(parts, dim=1).expand(len(made.runs), *[-1] * (x.dim()))
            with torch.no_grad():
                features = net.features(x.contiguous())[member : member + 1]
            found.append(srank(singular_values(features))[0])
    return float(np.mean(found)) if found else np.nan


@pytest.mark.parametrize(("learner", "task", "params"), CASES)
def test_it_is_the_mean_over_whole_batches_of_32_states_of_each_copy(
    learner: Any, task: str, params: dict[str, Any]
) -> None:
    made = pack(learner, task, [params, params | {"gamma": 0.5}])
    for schedule, most in (({"steps": 203, "streams": 2}, 3), ({"episodes": 3, "cap": 40}, 21)):
        ranks, kept = evaluated(made, **schedule)
        wanted = [expected(made, kept, member, most) for member in range(2)]
        assert ranks == pytest.approx(wanted, nan_ok=True)
        assert "steps" not in schedule or ((ranks >= 1) & (ranks <= 32)).all()


@pytest.mark.parametrize(("learner", "task", "params"), CASES)
def test_a_member_alone_has_the_same_rank(learner: Any, task: str, params: dict[str, Any]) -> None:
    members = [params, params | {"gamma": 0.5}]
    both, _ = evaluated(pack(learner, task, members), steps=100, streams=2)
    alone, _ = evaluated(pack(learner, task, members[:1]), steps=100, streams=2)
    assert alone[0] == both[0]


def test_at_most_64_batches_count_and_fewer_than_32_states_are_none() -> None:
    made = pack(td3.Learner, "navigation/3", [SMALL])
    ranks, kept = evaluated(made, steps=70 * 32, streams=1, cap=1000)
    assert ranks == pytest.approx([expected(made, kept, 0, 64)])
    assert np.isnan(evaluated(made, steps=31, streams=1)[0]).all()
