"""Parameters that actor-critic learners share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.features import base as features
from agents.layers import norms, spectral_settings
from agents.networks import network
from agents.optim import losses, schedule
from agents.optimisers import base as optimisers
from agents.parameter import Parameter
from agents.replay import prioritised

OF_EPISODES = ("return", "train_return", "eval_partial")
METRICS: tuple[str, ...] = (*OF_EPISODES, "critic_loss", "actor_loss", "q")
"""The metrics of every actor-critic learner."""
FEATURES_LOSS = "features_loss"
"""The metric of those with features that learn by a loss of their own."""


def network_parameters(name: str) -> dict[str, Parameter]:
    """Returns the parameters that describe the network `name`, and its step size."""
    described = network.parameters(name, "mlp", 256, 2, "orthogonal")
    return {**described, f"{name}.lr": Parameter(float, 3e-4, low=0.0, packable=True)}


def parameter_prefix(name: str) -> str:
    """Returns the prefix of a network's parameters: `actor`, or `critic` for all others."""
    return "actor" if name.startswith("actor") else "critic"


def check_n_step(params: Mapping[str, Any]) -> None:
    """Raises ValueError where updates would begin before the replay holds `n_step` whole steps."""
    n, warmup, capacity = (params[k] for k in ("n_step", "warmup_steps", "replay.capacity"))
    if warmup <= n:
        raise ValueError(
            f"warmup_steps must be at least n_step + 1 = {n + 1}, so that the first update finds "
            f"{n} steps and the observation after them, got {warmup}"
        )
    if capacity < n:
        raise ValueError(f"replay.capacity must be at least n_step ({n}), got {capacity}")


def layers_parameter(name: str) -> str:
    """Returns the parameter that names the spectrally normalised layers of the network `name`."""
    return f"{parameter_prefix(name)}.sn.layers"


SPECTRAL: Mapping[str, Parameter] = {
    **{layers_parameter(name): spectral_settings.LAYERS for name in ("actor", "critic")},
    **spectral_settings.PROJECTED,
}
"""The layers of each network that are spectrally normalised, and how those of all are."""

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
    **BATCH_NORM,
    **features.parameters(),
    "critics": Parameter(int, 2, low=1),
    "target.networks": Parameter(bool, True),
    "target.tau": Parameter(float, 0.005, low=0.0, high=1.0, packable=True),
    **losses.PARAMETERS,
    **optimisers.parameters(),
    **schedule.PARAMETERS,
    "gamma": Parameter(float, 0.99, low=0.0, high=1.0, packable=True),
    "reward_scale": Parameter(float, 1.0, packable=True),
    "batch_size": Parameter(int, 256, low=1),
    "replay.capacity": Parameter(int, 1_000_000, low=2),
    **prioritised.PARAMETERS,
    "warmup_steps": Parameter(int, 10_000, low=2),
    "update_every": Parameter(int, 1, low=1),
    "n_step": Parameter(int, 1, low=1),
}
"""Of every actor-critic learner; the defaults are those of the later code of the
author of Hui 2022, and of other public code where that has none."""

LATER = (
    "n_step",
    *SPECTRAL,
    *prioritised.PARAMETERS,
    *BATCH_NORM,
    *features.parameters(),
    *(f"{name}.norm.{key}" for name in ("actor", "critic") for key in norms.CONSTANTS),
)
"""Those that there were not yet when a study kept no defaults."""

DETERMINISTIC: Mapping[str, Parameter] = {
    "policy.std": Parameter(float, 0.2, low=0.0, packable=True),
    "target.actor": Parameter(str, "online", choices=("online", "ema")),
}
"""Of learners whose policy is deterministic: its noise, and whose actions targets take."""

SMOOTHING: Mapping[str, Parameter] = {
    "smoothing.std": Parameter(float, 0.2, low=0.0, packable=True),
    "smoothing.clip": Parameter(float, 0.5, low=0.0, packable=True),
}
"""Of learners that put clipped noise on the actions that targets take."""
GAUSSIAN: Mapping[str, Parameter] = {
    "policy": Parameter(str, "squashed_gaussian", choices=("squashed_gaussian", "deterministic")),
    "policy.log_std_low": Parameter(float, -10.0),
    "policy.log_std_high": Parameter(float, 2.0),
    "policy.std": Parameter(float, 0.2, low=0.0, packable=True),
}
"""Of learners whose policy is a squashed Gaussian; `policy.std` is the deterministic one's."""

ENTROPY: Mapping[str, Parameter] = {
    "entropy.auto": Parameter(bool, True),
    "entropy.beta": Parameter(float, 1.0, low=0.0, packable=True),
    "entropy.lr": Parameter(float, 3e-4, low=0.0, packable=True),
    "entropy.target": Parameter(float, -0.5, packable=True),
}
"""Of learners with a temperature beta: its value, or where it starts if it is found automatically
so that the entropy is `entropy.target` times the numbers of an action."""
