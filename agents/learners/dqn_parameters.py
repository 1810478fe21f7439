"""Parameters of DQN and of agents that are DQN with other defaults."""

from __future__ import annotations

from collections.abc import Mapping

from agents import collecting
from agents.heads import base as heads
from agents.layers import spectral_settings
from agents.networks import atari, gradient_penalty, network
from agents.optim import projection, resets, schedule
from agents.optimisers import base as optimisers
from agents.parameter import Parameter
from agents.replay import prioritised
from agents.replay.storage import episode_ends

PARAMETERS: Mapping[str, Parameter] = {
    **network.parameters("network", "minatar", 128, 1, "xavier"),
    "network.convs": Parameter(tuple, (16,)),
    **atari.PARAMETERS,
    **spectral_settings.PARAMETERS,
    "optimizer.lr": Parameter(float, 2.5e-4, low=0.0, packable=True),
    **optimisers.parameters(eps=3.125e-4),
    **schedule.PARAMETERS,
    **projection.PARAMETERS,
    **heads.parameters("network", "linear"),
    "loss": Parameter(
        str, "mse", choices=("mse", "huber"), only={"network.head.kind": ("linear",)}
    ),
    **gradient_penalty.PARAMETERS,
    "gamma": Parameter(float, 0.99, low=0.0, high=1.0, packable=True),
    "batch_size": Parameter(int, 32, low=1),
    "replay.capacity": Parameter(int, 100_000, low=2),
    **prioritised.PARAMETERS,
    "warmup_steps": Parameter(int, 5_000, low=2),
    "epsilon.initial": Parameter(float, 1.0, low=0.0, high=1.0, packable=True),
    "epsilon.final": Parameter(float, 0.01, low=0.0, high=1.0, packable=True),
    "epsilon.decay_until": Parameter(int, 250_000, low=2, packable=True),
    "evaluation.epsilon": Parameter(float, 0.001, low=0.0, high=1.0, packable=True),
    "update_every": Parameter(int, 4, low=1),
    **collecting.TIMES,
    **episode_ends.PARAMETERS,
    **resets.PARAMETERS,
    "target.every": Parameter(int, 4_000, low=1),
}
"""The defaults are those of the public configurations of Gogianu et al. 2021."""

LATER = (
    *episode_ends.PARAMETERS,
    *("sn.use", "sn.scheduler", "sn.scope"),
    *(f"network.{name}" for name in network.LATER),
    *atari.PARAMETERS,
    *gradient_penalty.PARAMETERS,
    *prioritised.PARAMETERS,
    *heads.parameters("network", "linear"),
)
"""Those that there were not yet when a study kept no defaults."""
