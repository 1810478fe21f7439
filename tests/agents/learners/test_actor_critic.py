"""Actor-critic learners as they train: identities, exploration, time limits, refusals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.envs import tasks
from agents.replay.batch import Batch
from tests.helpers.cases import each
from tests.helpers.paths import GRID_ENV

CONTINUOUS = [
    name
    for name in lookup.names("learners")
    if (found := lookup.find("learners", name)).continuous and not found.images
]
GRID = f"{GRID_ENV}:Grid"
QUICK = {"warmup_steps": 20, "batch_size": 16, "actor.units": 16, "critic.units": 16}


def run(
    name: str, task: str = "navigation/3", seed: int = 0, steps: int = 120, **given: Any
) -> Any:
    """A run; parameters are written with __ for a dot."""
    params = QUICK | {key.replace("__", "."): value for key, value in given.items()}
    found = lookup.find("learners", name)
    found.check(params, task)
    schedule = SimpleNamespace(every=60, episodes=2, steps=None, cap=10)
    complete = found.complete(params)
    return SimpleNamespace(params=complete, task=task, seed=seed, steps=steps, evaluation=schedule)


def start(name: str, *runs: Any, states: list[Any] | None = None) -> Any:
    return lookup.find("learners", name).start(list(runs), states or [None] * len(runs), "cpu")


def made(name: str, *runs: Any) -> Any:
    """The agents alone."""
    agents = lookup.find("learners", name)(runs, tasks.shape(runs[0].task), "cpu")
    agents.initialise()
    return agents


def finish(pack: Any) -> list[Any]:
    reports: list[Any] = []
    members = len(pack.members)
    while sum(report.done for report in reports) < members:
        reports += pack.advance()
    return reports


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray], *parts: str) -> None:
    names = [name for name in one if name.startswith(parts)]
    assert names and not [n for n in names if not np.array_equal(one[n], other[n])]


def test_td2_with_identical_twins_is_ddpg():
    """Identity 10, to the bit: the least of two equal values, and each critic its own loss."""
    single = start("ddpg", run("ddpg"))
    single.train(30)
    state = single.save(0)
    critic = ("learner.critic.", "learner.target.critic.", "learner.adam.critic.")
    twice = {n: np.concatenate((a, a)) if n.startswith(critic) else a for n, a in state.items()}
    twin = start("td2", run("td2"), states=[twice])
    finish(single), finish(twin)
    one, other = single.save(0), twin.save(0)
    assert_same(one, other, "learner.actor.", "replay.", "episode.")
    for copy in (0, 1):
        part = {n: a[copy : copy + 1] if n.startswith(critic) else a for n, a in other.items()}
        assert_same(one, part, *critic)
    assert not np.array_equal(one["learner.actor.0.weight"], state["learner.actor.0.weight"])


def test_ddpg_with_settings_is_sac_lite_with_a_deterministic_policy():
    """As algorithms that differ in where there is noise are one."""
    one = start("sac_lite", run("sac_lite", policy="deterministic", entropy__auto=False))
    given = {"critics": 2, "policy__noise_in": ["targets", "actor"], "actor__objective": "min"}
    other = start("ddpg", run("ddpg", **given))
    finish(one), finish(other)
    parts = "learner.actor.", "learner.critic.", "learner.adam.actor.", "learner.adam.critic."
    assert_same(one.save(0), other.save(0), *parts, "replay.", "episode.")


POLICIES = {
    "cnf": ["actor", "coupling_0", "coupling_1"],
    "vql": ["actor", "actor_latent", "actor_posterior"],
}


@pytest.mark.parametrize("kind", POLICIES)
def test_all_networks_of_a_policy_learn_with_the_actor_and_act_from_kept_weights(kind):
    pack = start("sac", run("sac", policy=kind, actor__steps=2))
    agents, networks = pack.learner, POLICIES[kind]
    assert list(agents.nets) == [*networks, "critic"]
    pack.train(60)
    steps = agents.counters
    assert {steps[f"steps.{name}"] for name in networks} == {2 * agents.updates}
    assert steps["steps.critic"] == agents.updates > 0
    before = made("sac", run("sac", policy=kind)).save(0)
    state = agents.save(0)
    for name in networks:
        assert not np.array_equal(state[f"{name}.1.weight"], before[f"{name}.1.weight"])
    other = made("sac", run("sac", seed=5, policy=kind))
    other.load_weights(0, agents.weights(0))
    seen = np.random.default_rng(0).standard_normal((1, 7, 3)).astype(np.float32)
    draws = np.zeros((1, 14))
    assert np.array_equal(agents.evaluate(seen, draws), other.evaluate(seen, draws))
    named = {n.rpartition(".")[0] for n in agents.weights(0)}
    assert {f"{name}.0" for name in networks[1:]} <= named


@pytest.mark.parametrize("kind", POLICIES)
def test_the_gradient_of_a_policy_is_that_of_its_objective(kind):
    """Of min_j Q_j(s, a) - beta log pi(a|s), by autograd over all of its networks at once."""
    agents = made("sac", run("sac", policy=kind))
    generator = torch.Generator().manual_seed(0)
    normals = agents.policy.normals(agents.params, 3)
    states, noise = (torch.randn(1, 16, n, generator=generator) for n in (3, normals))
    parts = agents.learning_with("actor")
    weights = [p for part in parts for p in agents.nets[part].parameters]
    for head in (agents.nets[part].net.layers[-1] for part in parts):
        head.weight.detach().add_(0.1)  # that of a coupling begins at 0
    actions, log_prob = agents.actions(states, noise)
    loss = (log_prob - agents.min_q(states, actions)).mean()  # beta begins at 1
    expected = torch.autograd.grad(loss, weights)
    agents.recorded = {}
    agents.update_policy(states, states, noise)
    found = agents.recorded["actor"].gradients
    assert len(found) == len(weights)
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.abs().max() > 0
        torch.testing.assert_close(ours, theirs)


def test_the_twins_target_is_at_most_that_of_each(monkeypatch):
    """The other half of identity 10, at the targets that critics are fitted to."""
    pack = start("td2", run("td2"))
    pack.train(30)
    agents, targets = pack.learner, []
    monkeypatch.setattr(agents, "update_critic", lambda batch, y: targets.append(y))
    batch = pack.replay.sample(np.linspace(0, 2**32 - 1, 64, dtype=np.int64)[None])
    with torch.no_grad():
        next_actions, _ = agents.next_actions(batch.next_observations, None)
        each = agents.q(batch.next_observations, next_actions, target=True)
        alone = torch.stack([agents.target_q(batch, each[:, twin]) for twin in (0, 1)], 1)
    agents.update(batch)
    assert torch.equal(targets[0], alone.amin(1))
    assert (alone >= targets[0][:, None]).all() and (alone > targets[0][:, None]).any()


def test_targets_add_up_the_scaled_rewards_of_n_steps():
    """y = 2 (r_0 + 0.9 r_1 + 0.81 r_2) + 0.729 V; and these are what is learned from."""
    given = {"reward_scale": 2.0, "gamma": 0.9}
    pack, other = (start("td2", run("td2", n_step=n, **given)) for n in (3, 1))
    for one in (pack, other):
        one.train(30)
    batch = pack.learner.sample(pack.replay, np.linspace(0, 2**32 - 1, 64, dtype=np.int64)[None])
    found = pack.learner.target_q(batch, torch.full((1, 64), 5.0))[0]
    stored = pack.replay.save(0)
    steps = [
        int((stored["frames"] == seen).all(1).argmax()) for seen in batch.observations[0].numpy()
    ]
    assert set(steps) == set(range(27))
    rewards = [stored["outcomes"][[t, t + 1, t + 2], 0] @ [1, 0.9, 0.81] for t in steps]
    np.testing.assert_allclose(found, 2 * np.array(rewards) + 0.729 * 5, rtol=1e-5)
    one, same = pack.save(0), other.save(0)
    assert not np.array_equal(one["learner.critic.0.weight"], same["learner.critic.0.weight"])


@pytest.mark.parametrize("name", CONTINUOUS)
def test_without_targets_is_with_targets_that_copy(name):
    """And so is tau = 1, where targets follow every update."""
    given = {"policy__delay": 1, "target__actor": "online"} if name == "td3" else {}
    copied = start(name, run(name, target__tau=1.0, **given))
    absent = start(name, run(name, target__networks=False, **given))
    finish(copied), finish(absent)
    one, other = copied.save(0), absent.save(0)
    assert not [n for n in other if "target." in n] and [n for n in one if "target." in n]
    assert_same(one, other, "learner.actor.", "learner.critic.", "learner.adam.", "replay.")


@pytest.mark.parametrize("name", CONTINUOUS)
def test_twins_differ_and_targets_begin_equal(name):
    state = made(name, run(name)).save(0)
    critics = state["critic.0.weight"]
    assert len(critics) == (1 if name == "ddpg" else 2)
    assert len({tuple(critic.flatten()) for critic in critics}) == len(critics)
    targets = [n for n in state if n.startswith("target.")]
    assert targets
    for target in targets:
        assert np.array_equal(state[target], state[target.removeprefix("target.")])


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_warm_up_acts_uniformly(name):
    agents = made(name, run(name, warmup_steps=4000), run(name, seed=1, warmup_steps=4000))
    observations = np.zeros((2, 1, 3), np.float32)
    actions = np.stack([agents.act(observations, step)[:, 0] for step in range(4000)])
    assert actions.shape == (4000, 2, 3) and np.abs(actions).max() <= 1.0
    for member in range(2):
        ranks = np.sort(actions[:, member].ravel())
        expected = np.linspace(-1, 1, len(ranks))
        assert np.abs(ranks - expected).max() < 0.03  # Kolmogorov-Smirnov: 0.0075 on [0, 1] at 5 %
    assert abs(np.corrcoef(actions.reshape(4000, 6).T) - np.eye(6)).max() < 0.07
    assert not np.array_equal(agents.act(observations, 4000)[:, 0], actions[0])


def test_exploration_is_normal_noise_of_each_members_size():
    stds = (0.1, 0.4, 0.0)
    agents = made("td3", *(run("td3", policy__std=std, seed=i) for i, std in enumerate(stds)))
    observations = np.random.default_rng(0).standard_normal((3, 1, 3)).astype(np.float32)
    modes = agents.evaluate(observations, np.zeros((3, 2)))[:, 0]
    noise = np.stack([agents.act(observations, step)[:, 0] - modes for step in range(20, 3020)])
    inside = np.abs(modes) < 0.5
    for member in (0, 1):
        found = noise[:, member, inside[member]]
        limit = 1.0 if member == 0 else 0.68  # where cutting at 1 leaves less
        assert found.size and abs(found.mean()) < 0.05
        assert limit * stds[member] * 0.9 < found.std() < 1.05 * stds[member]
    assert np.abs(noise[:, 2]).max() < 1e-6


@pytest.mark.parametrize("name", CONTINUOUS)
def test_evaluation_takes_the_mode_whatever_is_drawn(name):
    agents, rng = made(name, run(name), run(name, seed=1)), np.random.default_rng(0)
    observations = rng.standard_normal((2, 7, 3)).astype(np.float32)
    one, other = (agents.evaluate(observations, rng.integers(0, 99, (2, 14))) for _ in range(2))
    assert np.array_equal(one, other) and one.shape == (2, 7, 3)
    for member in range(2):
        weights, x = agents.weights(member), observations[member]
        for place in range(3):
            x = x @ weights[f"{place}.weight"] + weights[f"{place}.bias"]
            x = np.maximum(x, 0) if place < 2 else x
        np.testing.assert_allclose(one[member], np.tanh(x[:, :3]), rtol=1e-4, atol=1e-5)


class Noted:
    """A replay that notes when it is sampled."""

    def __init__(self, agents: Any) -> None:
        self.agents, self.at, self.step = agents, [], 0

    def draw(self, draws: np.ndarray, *options: Any) -> Any:
        self.at.append(self.step)
        x = torch.ones(1, 16, 3)
        return Batch(x, x, torch.ones(1, 16), torch.ones(1, 16), x)

    def tell(self, batch: Batch, errors: torch.Tensor | None) -> None:
        assert errors is None


@pytest.mark.parametrize("name", CONTINUOUS)
def test_updates_come_every_so_many_steps_after_the_warm_up(name):
    agents = made(name, run(name, update_every=3))
    replay = Noted(agents)
    for replay.step in range(1, 31):
        agents.learn(replay, replay.step)
    assert replay.at == [21, 24, 27, 30]
    assert agents.counters["updates"] == 4


@pytest.mark.parametrize(("ending", "worth"), [("ends", 6.9), ("cut", 10.0)])
def test_time_limits_are_no_ends(ending, worth):
    """Reward 1 a step for 20 steps, which an observation does not count: V = 1 + 0.9 m V."""
    given = {"gamma": 0.9, "critic__lr": 3e-3, "actor__lr": 0.0, "target__tau": 0.1}
    pack = start("ddpg", run("ddpg", f"{GRID}/{ending}", steps=720, **given))
    assert finish(pack)[-1].metrics["q"] == pytest.approx(worth, rel=0.12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_observations_may_have_several_axes(name):
    (report, *_) = finish(start(name, run(name, f"{GRID}/cut")))
    assert report.metrics["critic_loss"] > 0


@pytest.mark.parametrize("name", ["td3", "sac", "sac_v1"])
def test_a_member_that_diverges_is_told_so_and_not_by_its_task(name):
    """The task raises at actions that are no numbers; the other member goes on."""
    task = f"{GRID}/cut"
    wild, calm = run(name, task, critic__lr=1e38, actor__lr=1e38), run(name, task, seed=1)
    reports = finish(start(name, wild, calm))
    assert [(r.member, r.diverged) for r in reports if r.done] == [(0, True), (1, False)]
    alone = finish(start(name, run(name, task, seed=1)))
    assert dict(alone[-1].metrics) == dict(reports[-1].metrics)


@pytest.mark.parametrize("name", ["sac", "sac_lite"])
def test_a_temperature_fixed_at_0_trains(name):
    reports = finish(start(name, run(name, entropy__auto=False, entropy__beta=0.0)))
    assert not reports[-1].diverged and reports[-1].metrics["beta"] == 0.0


@pytest.mark.parametrize("name", ["td3", "sac"])
@pytest.mark.parametrize(
    "given",
    [
        {"replay__capacity": 2}, {"batch_size": 500}, {"critics": 5}, {"gamma": 1},
        {"target__tau": 0}, {"warmup_steps": 500}, {"asymmetry__alpha": 1e-6},
        {"asymmetry__alpha": 0.999999}, {"n_step": 19, "replay__capacity": 19},
    ],
    ids=str,
)  # fmt: skip
def test_extremes_train(name, given):
    reports = finish(start(name, run(name, steps=60, **given)))
    assert not reports[-1].diverged and np.isfinite(reports[-1].metrics["return"])
    assert ("critic_loss" in reports[-1].metrics) == ("warmup_steps" not in given)


REFUSED = [
    ("td3", {"critics": 0}, "critics must be at least 1"),
    ("td3", {"target.tau": 1.5}, "target.tau must be at most 1"),
    ("td3", {"replay.capacity": 1}, "replay.capacity must be at least 2"),
    ("td3", {"n_step": 0}, "n_step must be at least 1"),
    ("td3", {"n_step": 7, "warmup_steps": 7},
     "warmup_steps must be at least n_step . 1 = 8, .* finds 7 steps .*, got 7"),
    ("td3", {"n_step": 7, "replay.capacity": 6}, r"replay.capacity must be at least n_step .7."),
    ("td3", {"asymmetry.beta": 1.0}, "asymmetry.beta needs asymmetry.alpha"),
    ("td3", {"asymmetry.alpha": 1.1}, "asymmetry.alpha must be at most 1"),
    ("td3", {"asymmetry.alpha": 1.0}, "asymmetry.alpha must be above 0 and below 1, got 1"),
    ("td3", {"policy": "deterministic"}, "unknown parameter 'policy'"),
    ("td3", {"entropy.beta": 1.0}, "unknown parameter 'entropy.beta'"),
    ("td3", {"critic.body": "minatar"}, r"critic.body=minatar needs images"),
    ("td3", {"actor.body": "nonsense"}, r"actor.body: unknown body 'nonsense'"),
    ("ddpg", {"policy.delay": 0}, "policy.delay must be at least 1"),
    ("td2", {"smoothing.std": -0.2}, "smoothing.std must be at least 0"),
    ("td2", {"smoothing.std": 0.1}, r"smoothing.std is of noise .* got 0.1"),
    ("sac", {"policy": "deterministic", "entropy.auto": False, "policy.noise_in": [],
             "smoothing.clip": 0.3}, r"policy.noise_in=\[\] has none: leave it out"),
    ("td2", {"policy.noise_in": ["critic"]}, "noise_in may name targets and actor, got 'critic'"),
    ("td2", {"policy.noise_in": ["actor", "actor"]}, "policy.noise_in must not name one twice"),
    ("td2", {"policy.noise_in": "targets"}, "policy.noise_in must be a list, got 'targets'"),
    ("sac", {"policy.noise_in": ["actor"]},
     "policy.noise_in is a parameter of policy=deterministic, and policy is squashed_gaussian"),
    ("sac_v1", {"policy.noise_in": []}, "unknown parameter 'policy.noise_in'"),
    ("sac", {"policy": "cnf", "policy.couplings": -1}, "policy.couplings must be at least 0"),
    ("sac", {"policy.couplings": 2}, "policy.couplings is a parameter of policy=cnf"),
    ("sac", {"policy": "cnf", "coupling.body": "nonsense"}, "coupling.body: unknown body"),
    ("sac", {"policy": "cnf", "coupling.units": [8, 8], "coupling.layers": 3},
     "coupling.units must list a width for each"),
    ("sac", {"policy": "vql", "policy.latent": 0}, "policy.latent must be at least 1"),
    ("sac", {"policy": "realnvp"}, "policy: unknown policy 'realnvp'.*valid: cnf, determ"),
    ("sac", {"policy": GRID}, "must name a class derived from BasePolicy"),
    ("td3", {"actor.steps": 0}, "actor.steps must be at least 1"),
    ("td3", {"actor.objective": "max"}, "actor.objective must be one of min, mean, first"),
    ("sac", {"entropy.of": "beta"}, "entropy.of must be one of log, linear"),
    ("sac", {"entropy.of": "linear", "entropy.beta": 0.0}, "entropy.beta must be above 0"),
    ("sac", {"entropy.target": 0.7}, "entropy.target .* below log 2 = 0.693, .* got 0.7"),
    ("sac", {"target.actor": "ema"}, "unknown parameter 'target.actor'"),
    ("sac", {"policy.log_std_low": 2.0}, "policy.log_std_low must be below"),
    ("sac_v1", {"policy.log_std_low": 3.0}, "policy.log_std_low must be below"),
    ("sac_v1", {"entropy.auto": True}, "unknown parameter 'entropy.auto'"),
    ("sac", {"entropy.beta": 0.0}, "entropy.beta must be above 0"),
    ("sac_lite", {"policy": "deterministic"}, "entropy.auto must be false"),
]  # fmt: skip


@each("name, params, message", REFUSED)
def test_check_refuses(name, params, message):
    with pytest.raises(ValueError, match=message):
        lookup.find("learners", name).check(params, "navigation/2")


OWN = """
from agents.networks.described import Described
from agents.policies import squashed_gaussian


class Policy(squashed_gaussian.Policy):
    @classmethod
    def networks(cls, params, states, actions):
        found = super().networks(params, states, actions)
        return {NETWORKS}
"""


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ('{"mean": found["actor"]}', "one of its networks must be called actor, .* got mean"),
        ('{**found, "critic": found["actor"]}', "none as others of the agent, critic; got actor"),
        ('{"actor": Described(states, 2, "aktor")}', "valid prefixes: actor, .* got 'aktor'"),
    ],
)
def test_networks_of_an_own_policy_that_do_not_fit_are_refused(tmp_path, networks, message):
    file = tmp_path / "own.py"
    file.write_text(OWN.replace("{NETWORKS}", networks))
    with pytest.raises(ValueError, match=message):
        lookup.find("learners", "sac").check({"policy": f"{file}:Policy"}, "navigation/2")


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_norm_of_the_critic_leaves_the_actor_alone(name):
    """Identity 11."""
    norm = {"critic__norm__kind": "group", "critic__norm__groups": 4}
    agents, plain = (made(name, run(name, **given)) for given in (norm, {}))
    assert agents.network("critic").norms and not agents.network("actor").norms
    assert_same(agents.save(0), plain.save(0), "actor.")


@pytest.mark.parametrize("name", CONTINUOUS)
def test_batch_norms_follow_the_batches_that_their_networks_learn_from(name):
    both = {f"{net}__norm__kind": "batch" for net in ("actor", "critic")}
    pack = start(name, run(name, **both))
    pack.train(40)
    batch, agents = (
        pack.replay.sample(np.arange(16)[None]).flattened(),
        made(name, run(name, **both)),
    )
    first = {net: agents.network(net).layers[0] for net in agents.networks}
    read = {net: agents.network_inputs(net, batch) for net in first}
    means = {n: (read[n] @ w.weight + w.bias[:, None]).mean(1) for n, w in first.items()}
    agents.update(batch, *torch.randn(agents.noises, 1, 16, 3))
    for net, mean in means.items():
        torch.testing.assert_close(agents.network(net).norms[0].mean, 0.1 * mean.detach())


@pytest.mark.parametrize("name", CONTINUOUS)
def test_choices_are_refused(name):
    with pytest.raises(ValueError, match="are numbers, those of 'minatar/breakout' are choices"):
        lookup.find("learners", name).check({}, "minatar/breakout")
