"""Whatever learner: a run's numbers are the same alone, in any pack, and continued."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents import lookup
from tests.helpers import pictures
from tests.helpers.own_tasks import OWN, OWN_IDS
from tests.helpers.paths import STACK_ENV

NAMES = lookup.names("learners")
STEPS = 64
QUICK = {
    "warmup_steps": 36,
    "replay.capacity": 60,
    "network.convs": (5,),
    "network.units": 13,
    "epsilon.decay_until": 40,
    "target.every": 10,
    "actor.units": 20,
    "critic.units": 24,
    "policy.delay": 2,
    "batch_size": 30,
}
DIFFERENT = {
    "optimizer.lr": (1e-3, 1e-4, 3e-4),
    "actor.lr": (1e-3, 1e-4, 3e-4),
    "optimizer.eps": (1e-4, 1e-8, 1e-2),
    "optimizer.weight_decay": (0.0, 0.3, 10.0),
    "gamma": (0.9, 0.99, 0.5),
    "target.tau": (0.005, 0.5, 1.0),
    "asymmetry.alpha": (None, 0.3, 0.7),
    "smoothing.std": (0.2, 0.0, 0.1),
    "policy.std": (0.1, 0.3, 0.0),
    "entropy.beta": (1.0, 0.1, 0.5),
    "optimizer.schedule.end_factor": (0.0, 0.1, 2.0),
}


DIAGNOSED = {
    "diagnostics": lookup.names("diagnostics"),
    "diagnostics.every": 20,
    "diagnostics.samples": 40,
}
"""All diagnostics, which some variants have: their numbers do not depend on the pack either."""

_STRIDED: dict[str, Any] = {
    "network.body": "atari",
    "network.convs": (5, 6),
    "network.kernels": (4, 3),
    "network.strides": (3, 2),
    "env.size": 15,
}

VARIANTS: dict[str, dict[str, Any]] = {
    "odd sizes": {},
    "few atoms": {
        "network.head.kind": "categorical",
        "network.head.atoms": 7,
        "network.head.v_min": -1.5,
        "replay.sampler": "prioritised",
        "penalty.kind": "gradient",
    },
    "norms": {
        **DIAGNOSED,
        "batch_size": 256,
        "critic.norm.kind": "group",
        "critic.norm.groups": 4,
        "critic.norm.affine": True,
        "actor.norm.kind": "batch",
        "network.norm.kind": "batch",
        "network.norm.affine": True,
        "loss": "huber",
    },
    "joined layers": {
        **DIAGNOSED,
        "actor.body": "densenet",
        "actor.activation": "swish",
        "critic.body": "residual",
        "target.networks": False,
        "policy": "deterministic",
        "entropy.auto": False,
    },
    "published sizes": {
        "batch_size": 256,
        "network.units": 128,
        "actor.units": 256,
        "critic.units": 256,
        "warmup_steps": 38,
    },
    "penalty": {
        "penalty.kind": "gradient",
        "network.convs": (6,),
        "network.units": 15,
        "network.norm.kind": "group",
        "network.norm.groups": 3,
        "network.activation": "swish",
        "network.init": "orthogonal",
    },
    "normalised": {**DIAGNOSED, "critic.body": "residual", "actor.layers": 3},
    "features": {
        "features.kind": "ofenet",
        "features.units": 15,
        "features.layers": 3,
        "features.batch_size": 22,
        "features.pretrain": 3,
        "update_every": 3,
    },
    "lists of widths and batch norms": {
        "actor.units": (20, 9, 13),
        "critic.units": (24, 17),
        "network.units": (13, 7),
        "critic.body": "densenet",
        "critic.norm.kind": "batch",
        "critic.norm.eps": 1e-3,
        "critic.norm.momentum": 0.01,
        "actor.norm.kind": "batch",
        "network.norm.kind": "batch",
        "batch_norm.targets": "batch",
        "batch_norm.actor_loss": "batch",
    },
    "linear schedule": {
        "optimizer.schedule.kind": "linear",
        "update_every": 3,
        "actor.body": "resnet2",
        "actor.activation": "swish",
        "critic.body": "resnet2",
        "critic.norm.kind": "layer",
    },
    "stacks and several steps": {"n_step": 3},
    "resets": {
        "update_times": 2,
        "update_every": 5,
        "optimizer.project": "hidden",
        "network.activation": "gelu",
        "actor.activation": "mish",
        "critic.activation": "elu",
        "critic.body": "residual",
        "network.norm.kind": "batch",
        "network.norm.affine": True,
    },
    "environments": {
        "collect.cores": 2,
        "collect.envs_per_core": 2,
        "collect.env_steps_per_update": 2,
        "n_step": 3,
    },
    "policy cnf": {
        "policy": "cnf",
        "policy.couplings": 3,
        "coupling.units": 11,
        "entropy.of": "linear",
        "actor.steps": 2,
    },
    "policy vql": {"policy": "vql", "policy.latent": 5, "actor.objective": "mean"},
    "noise and steps of the actor": {
        "policy": "deterministic",
        "entropy.auto": False,
        "policy.noise_in": ("actor",),
        "actor.objective": "mean",
        "actor.steps": 2,
        "policy.delay": 1,
    },
    "a flow of features": {
        "policy": "cnf",
        "coupling.units": (9, 5),
        "coupling.norm.kind": "batch",
        "actor.norm.kind": "batch",
        "features.kind": "ofenet",
        "features.units": 10,
        "features.layers": 2,
        "features.pretrain": 2,
        "collect.cores": 1,
        "collect.envs_per_core": 2,
        "collect.env_steps_per_update": 2,
    },
    "prioritised": {"replay.sampler": "prioritised", "replay.capacity": 40, "n_step": 2},
    "all that makes networks larger": {
        "critic.body": "densenet",
        "critic.norm.kind": "batch",
        "loss": "huber",
        "features.kind": "ofenet",
        "features.units": 10,
        "features.layers": 2,
        "features.pretrain": 2,
        "collect.cores": 2,
        "collect.envs_per_core": 2,
        "collect.env_steps_per_update": 4,
        "replay.sampler": "prioritised",
        "replay.capacity": 60,
    },
    "strided convolutions": {
        **_STRIDED,
        "env.sticky": 0.25,
        "env.noops": 3,
    },
    "convolutions as one": {
        **_STRIDED,
        "env.noops": 0,
        "network.head.atoms": 9,
        "batch_size": 17,
        "replay.sampler": "prioritised",
        "n_step": 2,
    },
    "gym": {},
    "gym with settings": {
        "optimizer.schedule.kind": "cosine",
        "env.stack": 3,
        "env.repeat": 2,
        "env.wrappers": ({"TimeLimit": {"max_episode_steps": 11}}, "FlattenObservation"),
    },
    "an id of one's own with settings": {
        "env.kwargs.size": 7,
        "env.repeat": 2,
        "env.stack": 2,
        "env.wrappers": ({f"{OWN}:Noise": {"scale": 0.1}},),
    },
}
DIFFERENT_IN: dict[str, dict[str, tuple[Any, ...]]] = {
    "features": {"features.lr": (3e-4, 1e-2, 0.0), "features.tau": (0.005, 0.5, 1.0)},
    "norms": {"sn.layers": ((-2,), (), (-1, -2))},
    "penalty": {
        "penalty.weight": (1.0, 0.1, 0.0),
        "penalty.target": (2.0, 0.0, 1.0),
        "sn.layers": ((-2,), (), (-1, -2)),
    },
    "resets": {
        "reset.every": (7, 21, 40),
        "reset.layers": (2, None, 1),
        "sn.layers": ((-2,), (), (-1, -2)),
        "critic.sn.layers": ((-2,), (-1,), (-3, -4)),
    },
    "policy vql": {"actor.sn.layers": ((-1,), "intermediate", (-2, -3))},
    "normalised": {
        "sn.layers": ((-2,), (), (-1, -2)),
        "critic.sn.layers": ("intermediate", (), (-1, -2)),
        "actor.sn.layers": ((-1,), "intermediate", (-2, -4)),
        "sn.projection": ("divide", "hard", "clip_scaled"),
        "sn.detach_rho": (False, False, True),
        "sn.iterate_on_act": (True, True, False),
    },
    "prioritised": {
        "replay.alpha": (0.6, 1.0, 0.0),
        "replay.beta": (0.4, 1.0, 0.0),
        "replay.beta_end": (1.0, 0.5, 0.9),
        "replay.epsilon": (1e-6, 0.1, 1e-3),
    },
    "strided convolutions": {
        "sn.layers": ((-3, -4), (-4,), (-1, -2, -3)),
        "sn.scheduler": ("none", "none", "divout"),
    },
    "convolutions as one": {"sn.layers": ((-2,), (), (-1, -2))},
    "schedulers": {
        "sn.layers": ((-2,), (-1, -3), (-2, -3)),
        "sn.scheduler": ("divout", "divgrad", "muleps"),
    },
    "more schedulers": {
        "sn.layers": ((-2, -3), (-2,), (-1, -2)),
        "sn.scheduler": ("bias_scaling", "div_lr", "divgrad"),
        "sn.scope": ("product", "product", "own"),
    },
}
"""In what the members differ besides, by variant."""
VARIANTS |= {name: {} for name in DIFFERENT_IN if name not in VARIANTS}
OPTIMISERS = {
    kind: {"optimizer.kind": kind, "optimizer.schedule.kind": "cosine"}
    for kind in lookup.names("optimisers")
    if kind != "adam"
}
"""Variants besides the default, for DQN and for SAC with its temperature."""
VARIANTS |= OPTIMISERS
TASKS = {
    "strided convolutions": ("atari/breakout", ""),
    "convolutions as one": ("atari/freeway", ""),
    "gym": ("gym/CartPole-v1", "gym/Pendulum-v1"),
    "gym with settings": ("gym/LunarLander-v3", "gym/LunarLanderContinuous-v3"),
    "an id of one's own with settings": OWN_IDS,
    "stacks and several steps": ("", f"{STACK_ENV}:Film/both"),
    "environments": ("minatar/asterix", f"{STACK_ENV}:Film/both"),
}
"""Tasks of choices and of numbers."""
OF_NUMBERS = {"update_every": 3}
"""What learners whose actions are numbers have besides: ten updates, DQN has seven."""

OF_IMAGES = {
    "env.size": 21,
    "env.quality": "lean",
    "encoder.filters": 5,
    "encoder.strides": (2, 1),
    "encoder.features": 7,
    "target.every": 2,
}
"""What learners of images have besides, and the variants that are tried with them."""
WITH_IMAGES = (
    *("odd sizes", "normalised", "prioritised"),
    *("policy cnf", "policy vql", "noise and steps of the actor"),
)
TAKES_POLICIES = tuple(n for n in NAMES if "policy" in lookup.find("learners", n).parameters)
FEW = {
    "published sizes": ("dqn", "sac", "td3"),
    "normalised": ("dqn", "drq", "sac"),
    "resets": ("dqn", "sac"),
    "stacks and several steps": ("sac_v1", "td3"),
    "features": ("ddpg", "sac", "sac_v1", "td3"),
    "lists of widths and batch norms": ("dqn", "sac_v1", "td2_public", "td3"),
    "environments": ("dqn", "sac", "td3"),
    "prioritised": ("dqn", "drq", "sac", "sac_v1"),
    "few atoms": ("c51",),
    "strided convolutions": ("dqn",),
    "convolutions as one": ("c51",),
    "policy cnf": TAKES_POLICIES,
    "policy vql": TAKES_POLICIES,
    "noise and steps of the actor": ("drq", "sac_lite", "td3"),
    "a flow of features": ("sac",),
    "all that makes networks larger": ("sac_v1", "td3"),
} | dict.fromkeys(OPTIMISERS, ("dqn", "sac"))
"""The learners that are enough for a variant."""
ONLY = {"c51": ("odd sizes", "few atoms", "schedulers", "convolutions as one")}
"""The variants that are enough for a learner that is another one with other defaults."""
OF_ENVIRONMENTS = ("gym with settings", "an id of one's own with settings")
"""Variants of which learners see nothing: tried with one for choices and one for numbers."""


@pytest.fixture(params=NAMES)
def learner(request: pytest.FixtureRequest) -> Any:
    return lookup.find("learners", request.param)


def learner_of_images(learner: Any) -> bool:
    return getattr(learner, "images", False)


def runs(learner: Any, variant: str = "odd sizes", **given: Any) -> list[SimpleNamespace]:
    """Three runs of one signature that differ in all that members may differ in."""
    images = learner_of_images(learner)
    if images:
        pictures.needed()
    task = TASKS.get(variant, ("minatar/asterix", "navigation/3"))[learner.continuous]
    task = "dmc_pixels/cartpole-swingup" if images else task
    episodes = 1 if task.startswith("atari/") else 2  # each has an emulator, made in 0.1 s
    schedule = SimpleNamespace(every=30, episodes=episodes, steps=None, cap=7)
    made = []
    for seed in range(3):
        both = DIFFERENT | DIFFERENT_IN.get(variant, {})
        differing = {name: values[seed] for name, values in both.items()}
        own = (OF_NUMBERS if learner.continuous else {}) | (OF_IMAGES if images else {})
        wanted = QUICK | own | differing | VARIANTS[variant] | given
        known = {n for n in wanted if n in learner.parameters or n.startswith("env.")}
        named = {n: v for n, v in wanted.items() if n in known}
        params = learner.complete({n: v for n, v in named.items() if _belongs(learner, n, named)})
        learner.check(params, task)
        made.append(
            SimpleNamespace(params=params, task=task, seed=seed, steps=STEPS, evaluation=schedule)
        )
    return made


def _belongs(learner: Any, name: str, given: dict[str, Any]) -> bool:
    known = learner.parameters.get(name)
    if name.startswith("smoothing."):
        places = learner.parameters["policy.noise_in"].default
        if not given.get("policy.noise_in", places):
            return False
    return known is None or known.belongs(
        {
            name: own.default
            for name, own in learner.parameters.items()
            if name in ("optimizer.kind", "policy", "network.head.kind", "penalty.kind")
        }
        | given
    )


def played(pack: Any) -> list[Any]:
    """All reports, to the end."""
    reports: list[Any] = []
    while not (reports and reports[-1].done):
        reports += pack.advance()
    return reports


_PACKS: dict[tuple[str, str, str], tuple[Any, list[Any]]] = {}


def together(learner: Any, variant: str = "odd sizes", **given: Any) -> tuple[Any, list[Any]]:
    """A pack of the three runs at its end, and its reports; trained once, and only looked at."""
    key = (learner.__module__, variant, repr(given))
    if key not in _PACKS:
        pack = learner.start(runs(learner, variant, **given), [None] * 3, "cpu")
        _PACKS[key] = pack, played(pack)
    return _PACKS[key]


def of(reports: list[Any], member: int) -> list[Any]:
    return [(r.step, dict(r.metrics), r.done) for r in reports if r.member == member]


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    different = [name for name in one if not np.array_equal(one[name], other[name])]
    assert not different


def knows_any(name: str, variant: str) -> bool:
    """Whether something of the variant is one of that learner's parameters, or of environments."""
    known = lookup.find("learners", name).parameters
    of_it = {*VARIANTS[variant], *DIFFERENT_IN.get(variant, {})} - {*DIAGNOSED}
    return not of_it or any(n in known or n.startswith("env.") for n in of_it)


def _cases() -> list[Any]:
    """Each learner with each variant of which it knows a parameter.

    Those of environments and optimisers with few learners.
    """
    first: dict[bool, str] = {}
    for name in [name for name in NAMES if name not in ONLY]:
        first.setdefault(lookup.find("learners", name).continuous, name)
    return [
        pytest.param(lookup.find("learners", name), variant, id=f"{name}-{variant}")
        for name in NAMES
        for variant in VARIANTS
        if variant not in OF_ENVIRONMENTS or name in first.values()
        if name in FEW.get(variant, NAMES)
        if name not in ONLY or variant in ONLY[name]
        if knows_any(name, variant)
        if variant in WITH_IMAGES or not learner_of_images(lookup.find("learners", name))
    ]


@pytest.mark.parametrize(("learner", "variant"), _cases())
def test_a_pack_equals_its_runs_alone(learner: Any, variant: str) -> None:
    pack, reports = together(learner, variant)
    for member, run in enumerate(runs(learner, variant)):
        alone = learner.start([run], [None], "cpu")
        assert of(played(alone), 0) == of(reports, member)
        assert_same(alone.save(0), pack.save(member))


@pytest.mark.parametrize(("learner", "variant"), _cases())
def test_a_continued_run_equals_an_uninterrupted_one(learner: Any, variant: str) -> None:
    """Also where an evaluation, diagnostics or both are due and have not been reported."""
    three = runs(learner, variant)
    whole, reports = together(learner, variant)
    halfway = learner.start(three, [None] * 3, "cpu")
    step = {"norms": 60, "joined layers": 40}.get(variant, 45)
    train_to(halfway, step)
    states = [halfway.save(member) for member in (2, 1)]
    continued = learner.start([three[2], three[1]], states, "cpu")
    rest = played(continued)
    for place, member in enumerate((2, 1)):
        assert of(rest, place) == [told for told in of(reports, member) if told[0] >= step]
        assert_same(continued.save(place), whole.save(member))


def train_to(pack: Any, step: int) -> None:
    """Train to exactly `step`; what falls due there is not yet reported."""
    while pack.step < step:
        stop = min(step, pack.next_stop())
        pack.train(stop)
        while stop < step and pack.is_due():
            pack.advance()


def test_a_run_continued_between_first_updates_of_features_equals_an_uninterrupted_one() -> None:
    """The environment stands still meanwhile, whoever stops it; nothing is reported before."""
    learner = lookup.find("learners", "sac_v1")
    given = {"features.pretrain": 9, "diagnostics": ("effective_rank",), "diagnostics.every": 36}
    three = runs(learner, "features", **given)
    whole, reports = together(learner, "features", **given)
    pack = learner.start(three, [None] * 3, "cpu")
    pack.train(35)
    for updates in (2, 3, 4):
        pack.train(36, deadline=0.0)
        assert (pack.step, pack.learner.features.updates) == (36, updates)
        pack = learner.start(three, [pack.save(member) for member in range(3)], "cpu")
    assert pack.learner.updates == 0
    rest = played(pack)
    assert of(rest, 1) == [report for report in of(reports, 1) if report[0] >= 36]
    assert_same(pack.save(1), whole.save(1))


def test_members_go_on_untouched_when_others_leave(learner: Any) -> None:
    three = runs(learner)
    pack = learner.start(three, [None] * 3, "cpu")
    pack.train(40)
    pack.drop([1])
    played(pack)
    alone = learner.start([three[2]], [None], "cpu")
    played(alone)
    assert_same(alone.save(0), pack.save(2))
