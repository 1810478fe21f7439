"""Prioritised replay: chances, weights, what comes and goes, what a checkpoint holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import lookup, streams
from agents.envs import tasks
from agents.learners.dqn import Learner as Dqn
from agents.replay.batch import Batch
from agents.replay.prioritised import PARAMETERS, Priorities, PrioritisedReplay, errors_in, made
from agents.shape import Shape


def params(**given: Any) -> dict[str, Any]:
    complete = {name: known.default for name, known in PARAMETERS.items()}
    named = {f"replay.{name}": value for name, value in given.items()}
    return complete | {"replay.sampler": "prioritised"} | named


def draws(update: int, batch: int, members: int = 1) -> np.ndarray:
    return streams.Draws(streams.keys(range(members), "batches"), batch).at(update)


def filled(errors: np.ndarray, *members: dict[str, Any]) -> Priorities:
    """Priorities of steps 0, 1, ... that had `errors` [P, N]."""
    count = errors.shape[1]
    priorities = Priorities(members or [params()], count)
    priorities.follow(0, count)
    priorities.update(np.arange(count)[None].repeat(len(errors), 0), errors)
    return priorities


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_draws_are_in_proportion_to_the_power_of_priorities(alpha):
    errors = np.random.default_rng(0).exponential(size=(1, 50))
    priorities = filled(errors, params(alpha=alpha, epsilon=0.01))
    drawn = np.concatenate([priorities.draw(draws(i, 32), 0.0)[0][0] for i in range(1_000)])
    chances = (errors[0] + 0.01) ** alpha
    expected = len(drawn) * chances / chances.sum()
    squares = (np.bincount(drawn, minlength=50) - expected) ** 2 / expected
    assert squares.sum() < 49 + 3 * np.sqrt(2 * 49)


def test_without_an_exponent_all_weigh_1_and_each_part_of_the_store_gives_as_many():
    errors = np.random.default_rng(0).exponential(size=(1, 64))
    priorities = filled(errors, params(alpha=0.0))
    for update in range(20):
        places, weights = priorities.draw(draws(update, 64), 0.5)
        assert np.array_equal(places[0], np.arange(64)) and (weights == 1.0).all()


@pytest.mark.parametrize(("share", "beta"), [(0.0, 0.4), (0.5, 0.7), (1.0, 1.0)])
def test_weights_are_those_of_the_paper_over_their_largest(share, beta):
    errors = np.array([[0.1, 1.0, 2.0, 4.0, 30.0]])
    chances = (errors[0] + 1e-6) ** 0.6
    chances /= chances.sum()
    places, weights = filled(errors).draw(draws(0, 400), share)
    expected = (5 * chances) ** -beta
    assert set(places[0].tolist()) == set(range(5))
    assert np.allclose(weights[0], (expected / expected.max())[places[0]], rtol=1e-6)


def test_members_have_exponents_of_their_own_and_are_as_alone():
    members = [params(alpha=a, beta=b) for a, b in ((0.6, 0.4), (1.0, 0.0), (0.0, 1.0))]
    errors = np.random.default_rng(0).exponential(size=(3, 30))
    together = filled(errors, *members).draw(draws(0, 16, 3), 0.3)
    for row, member in enumerate(members):
        alone = filled(errors[row : row + 1], member)
        drawn = alone.draw(draws(0, 16, 3)[row : row + 1], 0.3)
        for mine, theirs in zip(together, drawn, strict=True):
            assert np.array_equal(mine[row], theirs[0])


def test_what_comes_in_has_the_largest_priority_so_far():
    """1 before there is any error."""
    priorities = Priorities([params(alpha=1.0)], 8)
    priorities.follow(0, 3)
    assert priorities.save(0)["leaves"].tolist() == [1.0, 1.0, 1.0]
    priorities.update(np.array([[0, 1]]), np.array([[7.0, 0.5]]))
    priorities.update(np.array([[0]]), np.array([[2.0]]))
    priorities.follow(0, 5)
    expected = [2.0, 0.5, 1.0, 7.0, 7.0]
    assert np.allclose(priorities.save(0)["leaves"], expected, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.6, 1.0, 5.0])
def test_errors_that_are_not_finite_or_extreme_leave_it_drawable(alpha):
    errors = np.array([[np.nan, np.inf, 1e38, 0.0, 1.0]], np.float32)
    places, weights = filled(errors, params(alpha=alpha)).draw(draws(0, 64), 1.0)
    assert ((places >= 0) & (places < 5)).all() and np.isfinite(weights).all()


def replay_of(capacity: int, stack: int = 1, **given: Any) -> PrioritisedReplay:
    shape = Shape((stack,), "float32", 2, stack=stack)
    found = made([params(**given)], shape, capacity, "cpu")
    assert isinstance(found, PrioritisedReplay)
    return found


def add(replay: PrioritisedReplay, steps: int, stack: int = 1) -> None:
    """Steps whose reward is their number; each 7th terminates, each 5th is truncated."""
    for _ in range(steps):
        t = replay.count
        seen = np.full((1, stack), t, np.float32)
        replay.add_observations(seen)
        replay.add(np.array([t % 2]), np.array([t], np.float32), np.array([t % 7 == 6]))
        if t % 5 == 4 and t % 7 != 6:
            replay.truncate(np.array([0]), seen)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(5, 12), st.integers(1, 3), st.integers(1, 3),
    st.lists(st.tuples(st.integers(1, 9), st.floats(0.0, 1e6)), min_size=1, max_size=12),
)  # fmt: skip
def test_only_stored_and_finished_transitions_are_drawn(capacity, n_step, stack, rounds):
    """However the ring goes round; and each with its own reward, action and observation."""
    replay = replay_of(capacity, stack)
    add(replay, n_step + 1, stack)
    for update, (steps, error) in enumerate(rounds):
        add(replay, steps, stack)
        batch = replay.draw(draws(update, 24), 0.5, n_step, np.zeros(1))
        drawn = batch.rewards[0].long().numpy()
        last = replay.count - 1 - n_step
        assert drawn.min() >= max(0, replay.count - 1 - capacity) and drawn.max() <= last
        assert np.array_equal(batch.actions[0].numpy(), drawn % 2)
        assert np.array_equal(batch.observations[0, :, -1].numpy(), drawn)
        leaves = replay.save_sampler(0)["leaves"]
        assert len(leaves) == last + 1 - max(0, replay.count - 1 - capacity) and (leaves > 0).all()
        replay.tell(batch, torch.full((1, 24), error))


def test_priorities_continued_are_those_uninterrupted():
    whole, errors = replay_of(30, alpha=0.7), np.random.default_rng(0)
    add(whole, 20)
    for update in range(12):
        add(whole, 5)
        whole.tell(whole.draw(draws(update, 8), 0.1), torch.from_numpy(errors.random((1, 8))))
    continued = replay_of(30, alpha=0.7)
    continued.count = whole.count
    continued.load(0, whole.save(0))
    continued.load_truncations(0, whole.save_truncations(0))
    continued.load_sampler(0, whole.save_sampler(0))
    for update in range(12, 30):
        for replay in (whole, continued):
            add(replay, 3)
        ours, theirs = (replay.draw(draws(update, 8), 0.2) for replay in (whole, continued))
        assert np.array_equal(ours.places, theirs.places) and torch.equal(
            ours.weights, theirs.weights
        )
        found = torch.from_numpy(errors.random((1, 8)))
        whole.tell(ours, found)
        continued.tell(theirs, found)
    for name, value in whole.save_sampler(0).items():
        assert np.array_equal(value, continued.save_sampler(0)[name])


def test_several_environments_have_places_one_after_the_other():
    priorities = Priorities([params(alpha=1.0)], slots=6, environments=2)
    priorities.follow(3, 8)
    places = [3, 4, 5, 0, 1, 9, 10, 11, 6, 7]
    assert len(priorities.save(0)["leaves"]) == 10
    assert set(priorities.draw(draws(0, 100), 0.0)[0][0].tolist()) == set(places)
    priorities.update(np.array([places]), np.arange(10)[None])
    assert np.allclose(priorities.save(0)["leaves"], np.arange(10), atol=1e-5)


def test_errors_are_means_over_critics_and_views():
    batch = Batch(*[torch.zeros(1, 2)] * 5, weights=torch.ones(1, 2))
    values = torch.tensor([[[1.0, 2.0, -3.0, 4.0], [0.0, -2.0, 5.0, 6.0]]])
    y = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    assert torch.equal(errors_in(batch, values, y), torch.tensor([[(0.5 + 4) / 2, (2 + 5) / 2]]))
    assert errors_in(Batch(*[torch.zeros(1, 2)] * 5), values, y) is None


def singles(batch: Batch, weights: np.ndarray) -> list[Batch]:
    """Each transition of a batch [1, B] as a batch of its own, with its weight."""
    columns = [batch.observations, batch.actions, batch.rewards, batch.masks]
    columns.append(batch.next_observations)
    return [
        Batch(*[c[:, i : i + 1] for c in columns], weights=torch.tensor([[float(w)]]))
        for i, w in enumerate(weights)
    ]


@pytest.mark.parametrize("name", ["dqn", "sac"])
def test_at_beta_1_the_expected_gradient_is_the_uniform_one(name, run, monkeypatch):
    """Exactly, by enumeration: sum_i P(i) w_i g_i is the mean of g_i, over the largest weight."""
    errors = np.array([[0.01, 0.3, 1.0, 2.0, 9.0, 0.5]])
    leaves = filled(errors).save(0)["leaves"].astype(np.float64)
    places, drawn = filled(errors).draw(draws(0, 2_000), 1.0)
    weights = np.array([drawn[0][places[0] == i][0] for i in range(6)])
    chances = leaves / leaves.sum()
    agents, step, whole = _agents(name, run)
    seen: list[list[torch.Tensor]] = []
    monkeypatch.setattr(agents.optimisers["critic"], "step", lambda g, *_: seen.append(g))
    for one in singles(whole, weights) + singles(whole, np.ones(6)):
        step(one)
    for gradients in zip(*seen, strict=True):
        found = torch.stack(list(gradients)).double()
        share = torch.from_numpy(chances).view(-1, *[1] * (found.dim() - 1))
        expected = found[6:].mean(0) * (6 * chances.min())
        torch.testing.assert_close((share * found[:6]).sum(0), expected, rtol=1e-5, atol=1e-7)


def _agents(name: str, run: Any) -> tuple[Any, Any, Batch]:
    """Agents, what takes a step of the critic with a batch, and six transitions."""
    generator = torch.Generator().manual_seed(0)
    if name == "dqn":
        from tests.helpers.dqn_agents import batch, learner

        agents = learner(run())
        return agents, agents.update, batch(1, 6)
    found = lookup.find("learners", name)
    one = run()
    given = found.complete({"actor.units": 8, "critic.units": 8})
    agents = found(
        [type(one)(given, "navigation/3", 0, 500, one.evaluation)],
        tasks.shape("navigation/3"),
        "cpu",
    )
    agents.initialise()
    size = tasks.shape("navigation/3")
    seen = torch.randn(1, 6, size.observation[0], generator=generator)
    actions = torch.rand(1, 6, size.actions, generator=generator)
    whole = Batch(seen, actions, torch.randn(1, 6, generator=generator), torch.ones(1, 6), seen)
    return agents, lambda batch: agents.update_critic(batch, batch.rewards), whole


REFUSED = [
    ({"replay.sampler": "rank"}, "replay.sampler must be one of uniform, prioritised, got 'rank'"),
    ({"replay.alpha": -0.1}, "replay.alpha must be at least 0, got -0.1"),
    ({"replay.beta": 1.5}, "replay.beta must be at most 1, got 1.5"),
    ({"replay.beta": -0.5}, "replay.beta must be at least 0, got -0.5"),
    ({"replay.beta_end": 2.0}, "replay.beta_end must be at most 1, got 2.0"),
    ({"replay.epsilon": 0.0}, "replay.epsilon must be above 0, got 0"),
    ({"replay.epsilon": -1.0}, "replay.epsilon must be at least 0, got -1.0"),
    ({"replay.capacity": 1}, "replay.capacity must be at least 2, got 1"),
    (
        {"replay.sampler": "uniform", "replay.alpha": 0.5},
        "replay.alpha is a parameter of replay.sampler=prioritised, and replay.sampler is uniform",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
@pytest.mark.parametrize("name", ["dqn", "td3"])
def test_check_refuses(name, given, message):
    found = lookup.find("learners", name)
    with pytest.raises(ValueError, match=message):
        found.check({"replay.sampler": "prioritised"} | given, found.tasks()[0])


def test_an_agent_whose_updates_keep_no_errors_is_refused():
    replay = replay_of(10)
    add(replay, 5)
    with pytest.raises(ValueError, match=r"replay\.sampler must be uniform for an agent whose"):
        replay.tell(replay.draw(draws(0, 4), 0.0), None)


def test_estimates_of_state_and_memory_count_priorities(run):
    given = {"replay__capacity": 400, "replay__sampler": "prioritised"}
    one, plain = run(steps=450, **given), run(steps=450, replay__capacity=400)
    pack = Dqn.start([one], [None], "cpu")
    pack.train(450)
    saved = sum(array.nbytes for array in pack.save(0).values())
    assert Dqn.state_bytes(one.params, one.task, 450) == pytest.approx(saved, rel=0.02)
    more = [
        estimate(one.params, one.task, 450) - estimate(plain.params, one.task, 450)
        for estimate in (Dqn.state_bytes, Dqn.member_bytes)
    ]
    assert more == [4 * 400, 12 * 400]


def test_diagnostics_still_draw_uniformly(run):
    """And an update that they probe changes no priority."""
    pack = Dqn.start([run(replay__sampler="prioritised", steps=80)], [None], "cpu")
    pack.train(80)
    before = pack.replay.save_sampler(0)
    batch = pack.learner.sample(pack.replay, draws(0, 32))
    assert batch.weights is None and batch.places is None
    pack.learner.probe_update(batch, 80)
    after = pack.replay.save_sampler(0)
    assert all(np.array_equal(before[name], after[name]) for name in before)
