"""Parameters that actor-critic learners share."""

from __future__ import annotations

from collections.abc import Mapping

from agents import collecting
from agents.features import base as features
from agents.layers import norms, spectral_settings
from agents.networks import network
from agents.optim import losses, projection, resets, schedule
from agents.optimisers import base as optimisers
from agents.parameter import Parameter
from agents.policies import base as policies
from agents.policies import temperature
from agents.replay import prioritised
from agents.replay.storage import episode_ends

OF_EPISODES = ("return", "train_return", "eval_partial")
METRICS: tuple[str, ...] = (*OF_EPISODES, "critic_loss", "actor_loss", "q")
"""The metrics of every actor-critic learner."""
FEATURES_LOSS = "features_loss"
"""The metric of those with features that learn by a loss of their own."""


def network_parameters(name: str) -> dict[str, Parameter]:
    """Returns the parameters that describe the network `name`, and its step size."""
    described = network.parameters(name, "mlp", 256, 2, "orthogonal")
    return {**described, f"{name}.lr": Parameter(float, 3e-4, low=0.0, packable=True)}


def layers_parameter(prefix: str) -> str:
    """Returns the parameter that names the spectrally normalised layers of networks `prefix.*`."""
    return f"{prefix}.sn.layers"


SPECTRAL: Mapping[str, Parameter] = {
    **{layers_parameter(name): spectral_settings.LAYERS for name in ("actor", "critic")},
    **spectral_settings.PROJECTED,
}
"""The layers of each network that are spectrally normalised, and how those of all are."""

OBJECTIVES = ("min", "mean", "first")
OF_ACTOR: Mapping[str, Parameter] = {
    "actor.steps": Parameter(int, 1, low=1),
    "actor.objective": Parameter(str, "min", choices=OBJECTIVES),
}
"""How often the actor learns from each batch, and of which critics it climbs the value: the least,
the mean of all, or the first's."""

BATCH_NORM: Mapping[str, Parameter] = {
    f"batch_norm.{name}": Parameter(str, "running", choices=("running", "batch"))
    for name in ("targets", "actor_loss")
}
"""Which statistics batch norms take in passes that nobody published: those that give targets, and
critics' in the actor's loss. No running ones follow those passes' batches."""

PARAMETERS: Mapping[str, Parameter] = {
    **network_parameters("actor"),
    **network_parameters("critic"),
    **SPECTRAL,
    **OF_ACTOR,
    **BATCH_NORM,
    **features.parameters(),
    "critics": Parameter(int, 2, low=1),
    "target.networks": Parameter(bool, True),
    "target.tau": Parameter(float, 0.005, low=0.0, high=1.0, packable=True),
    **losses.PARAMETERS,
    **optimisers.parameters(),
    **schedule.PARAMETERS,
    **projection.PARAMETERS,
    "gamma": Parameter(float, 0.99, low=0.0, high=1.0, packable=True),
    "reward_scale": Parameter(float, 1.0, packable=True),
    "batch_size": Parameter(int, 256, low=1),
    "replay.capacity": Parameter(int, 1_000_000, low=2),
    **prioritised.PARAMETERS,
    "warmup_steps": Parameter(int, 10_000, low=2),
    "update_every": Parameter(int, 1, low=1),
    **collecting.TIMES,
    **resets.PARAMETERS,
    **episode_ends.PARAMETERS,
}
"""Of every actor-critic learner; the defaults are those of the later code of the
author of Hui 2022, and of other public code where that has none."""

DETERMINISTIC: Mapping[str, Parameter] = {
    "policy.std": Parameter(float, 0.2, low=0.0, packable=True),
    "policy.noise_in": Parameter(tuple, ()),
    "policy.delay": Parameter(int, 1, low=1),
    "smoothing.std": Parameter(float, 0.2, low=0.0, packable=True),
    "smoothing.clip": Parameter(float, 2.0, low=0.0, packable=True),
    "target.actor": Parameter(str, "online", choices=("online", "ema")),
    "actor.objective": Parameter(str, "first", choices=OBJECTIVES),
}
"""Of learners whose policy is deterministic: noise of exploration; whether actions in targets and
in the actor's loss have noise, and which (2 is no clip, as actions are in [-1, 1]); how many
updates of critics come to one of the actor; whose actions targets take."""

POLICIES: Mapping[str, Parameter] = {
    **policies.parameters("squashed_gaussian"),
    "policy.log_std_low": Parameter(float, -10.0),
    "policy.log_std_high": Parameter(float, 2.0),
    "policy.std": Parameter(float, 0.2, low=0.0, packable=True),
}
"""Of learners that take any policy: which it is, what each has, and what those share."""

LATER = (
    *episode_ends.PARAMETERS,
    *SPECTRAL,
    *OF_ACTOR,
    *temperature.LATER,
    *prioritised.PARAMETERS,
    *BATCH_NORM,
    *features.parameters(),
    *(f"{name}.norm.{key}" for name in ("actor", "critic") for key in norms.CONSTANTS),
    *(policies.parameters("").keys() - {policies.KIND}),
    *("policy.delay", "smoothing.std", "smoothing.clip"),
)
"""Those that there were not yet when a study kept no defaults."""
