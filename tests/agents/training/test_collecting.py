"""Several environments a member: what is counted, refused and reported."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agents import lookup
from agents.collecting import Collecting
from agents.optim import schedule
from tests.contracts.test_packs import played

RATIO = "collect.env_steps_per_update"
SMALL = {
    "warmup_steps": 10,
    "batch_size": 8,
    "replay.capacity": 400,
    "actor.units": 8,
    "critic.units": 8,
}


def run(learner, task="navigation/3", steps=30, **given):
    params = learner.complete(SMALL | given)
    learner.check(params, task)
    evaluation = SimpleNamespace(every=30, episodes=1, steps=None, cap=5)
    return SimpleNamespace(params=params, task=task, seed=1, steps=steps, evaluation=evaluation)


def made(cores=1, envs=1, ratio=None, **given):
    params = {"collect.cores": cores, "collect.envs_per_core": envs, RATIO: ratio}
    return {**params, "update_every": 1, "replay.capacity": 1000, **given}


@pytest.mark.parametrize(
    ("given", "updates"),
    [
        ({}, 21),
        ({RATIO: 1}, 21),
        ({"collect.cores": 2, "collect.envs_per_core": 4}, 21),
        ({"collect.cores": 2, "collect.envs_per_core": 4, RATIO: 8}, 21),
        ({"collect.cores": 2, "collect.envs_per_core": 4, RATIO: 2}, 84),
        ({"collect.envs_per_core": 4, RATIO: 8, "update_every": 2}, 11),
        ({"collect.envs_per_core": 4, RATIO: 4, "update_every": 3}, 21),
        ({"update_times": 3}, 63),
        ({"collect.envs_per_core": 2, "update_every": 5, "update_times": 2}, 10),
    ],
    ids=str,
)
def test_updates_follow_the_ratio(given, updates):
    """30 steps, 10 of them the warm-up: updates come from the tenth on."""
    sac = lookup.find("learners", "sac")
    one = run(sac, **given)
    pack = sac.start([one], [None], "cpu")
    last = played(pack)[-1].metrics
    assert pack.learner.counters["updates"] == updates == schedule.count(one.params, one.steps)
    if not given:
        assert not {"updates", "env_steps"} & last.keys()
        return
    envs = Collecting.of(one.params).envs
    assert last["updates"] == updates and last["env_steps"] == 30 * envs
    assert last["env_steps_per_update"] == 30 * envs / updates
    assert pack.replay.count == 30


def test_environments_act_and_begin_by_draws_of_their_own():
    sac = lookup.find("learners", "sac")
    pack = sac.start([run(sac, **{"collect.envs_per_core": 4})], [None], "cpu")
    first = pack.episodes.observations[0].copy()
    pack.train(20)
    outcomes = pack.replay.save(0)["outcomes"].reshape(20, 4, -1)[..., 2:]
    for warm in (outcomes[:10], outcomes[10:]):
        assert len(np.unique(warm.reshape(-1, warm.shape[-1]), axis=0)) == 40
    assert len(np.unique(first, axis=0)) == 4


def test_one_environment_of_several_begins_like_the_only_one():
    sac = lookup.find("learners", "sac")
    one, four = (
        sac.start([run(sac, **{"collect.envs_per_core": envs})], [None], "cpu") for envs in (1, 4)
    )
    assert np.array_equal(one.episodes.observations[0, 0], four.episodes.observations[0, 0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (made(2, 32, 48), "must divide the 64 environment steps of update_every=1 .one of 1, 2, 4"),
        (made(1, 4, 8), "must divide the 4 environment steps .* got 8"),
        (made(ratio=0), "must be a whole number from 1, or async, got 0"),
        (made(ratio=2.5), "must be a whole number from 1, or async, got 2.5"),
        (made(ratio="fast"), "must be a whole number from 1, or async, got 'fast'"),
        (made(ratio=True), "must be a whole number from 1, or async, got True"),
        (made(ratio="async", update_every=2), "update_every must be 1 for .*=async, got 2"),
        (made(ratio=1, update_times=2), "update_times must be 1 where .* given .1., .* got 2"),
        (made(ratio="async", update_times=4), "update_times must be 1 where .* .async.*, got 4"),
        (made(2, 32, **{"replay.capacity": 100}), r"at least 2 steps .* 64 .*\(128\), got 100"),
        (made(1, 8, n_step=5, **{"replay.capacity": 39}), r"at least 5 steps .*\(40\)"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Collecting.of(given).check(given, continuous=True)


@pytest.mark.parametrize("given", [made(), made(2, 32, 64), made(1, 64), made(3, 1, ratio="async")])
def test_what_fits_is_not(given):
    Collecting.of(given).check(given, continuous=True)


def test_parameters_of_it_are_checked_by_learners():
    with pytest.raises(ValueError, match=r"collect\.cores must be at least 1, got 0"):
        run(lookup.find("learners", "sac"), **{"collect.cores": 0})


def test_the_memory_of_all_environments_is_told():
    """Ant takes 1.2 MB; a replay of as many transitions is of one size."""
    sac, task = lookup.find("learners", "sac"), "mujoco/Ant-v4"
    one, many = (
        sac.member_bytes({"collect.envs_per_core": envs, "replay.capacity": 6400}, task, 100_000)
        for envs in (1, 64)
    )
    assert 63 * 1_200_000 <= many - one <= 63 * 1_215_000


def test_agents_of_choices_have_no_asynchronous_collectors():
    with pytest.raises(ValueError, match="=async is of agents whose actions are numbers"):
        run(lookup.find("learners", "dqn"), "gym/CartPole-v1", **{RATIO: "async"})


def test_who_has_asynchronous_collectors_trains_alone():
    sac = lookup.find("learners", "sac")
    given = run(sac, **{RATIO: "async"})
    assert not sac.packs_with(given.params) and sac.packs_with(run(sac).params)
    assert sac.pack_size(given.params, given.task, "cpu") == 1
    with pytest.raises(ValueError, match="trains alone in its pack"):
        sac.start([given] * 2, [None] * 2, "cpu")


def test_the_memory_of_collectors_is_told():
    sac, task = lookup.find("learners", "sac"), "mujoco/Ant-v4"
    given = {"collect.cores": 1000, "collect.envs_per_core": 32, RATIO: "async"}
    one, thousand = (
        sac.pack_bytes({**given, "collect.cores": cores}, task, 100_000, 1) for cores in (1, 1000)
    )
    assert 999 * 220e6 < thousand - one < 999 * 270e6
    name, size = sac.largest_part(given, task, 100_000)
    assert name == "collect.cores=1000" and size > 0.9 * thousand


def test_the_memory_of_collectors_holds_an_agent_each():
    """With all that a learner keeps, its optimiser's moments too."""
    sac, task = lookup.find("learners", "sac"), "mujoco/Ant-v4"
    wide = {"actor.units": 2048, "critic.units": 2048, RATIO: "async"}
    more = [
        sac.member_bytes({**given, "collect.cores": 2}, task, 100)
        - sac.member_bytes({**given, "collect.cores": 1}, task, 100)
        for given in (wide, {RATIO: "async"})
    ]
    sizes = sac.sizes(sac.complete(wide), sac.shape_of(sac.complete(wide), task))
    agent = 4 * (3 * sizes.trained + sizes.targets)
    assert agent > 150e6 and 0.95 * agent < more[0] - more[1] < agent
