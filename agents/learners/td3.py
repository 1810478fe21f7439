"""TD3 (Fujimoto et al. 2018), with the defaults of its public code, but orthogonal weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agents.learners import td2
from agents.parameter import Parameter
from agents.policies.base import TARGETS


class Learner(td2.Learner):
    """P agents with twin critics, smoothed targets and an actor that learns less often."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **td2.Learner.parameters,
        "policy.std": Parameter(float, 0.1, low=0.0, packable=True),
        "policy.noise_in": Parameter(tuple, (TARGETS,)),
        "policy.delay": Parameter(int, 2, low=1),
        "smoothing.clip": Parameter(float, 0.5, low=0.0, packable=True),
        "target.actor": Parameter(str, "ema", choices=("online", "ema")),
        "warmup_steps": Parameter(int, 25_000, low=2),
    }
