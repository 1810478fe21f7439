"""TD2 as its author's later public code has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agents.learners import td2
from agents.learners.actor_critic_parameters import OBJECTIVES
from agents.parameter import Parameter
from agents.policies.base import ACTOR, TARGETS


class Learner(td2.Learner):
    """TD2 with noise on actions in targets and in the actor's loss, a mean over all critics."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **td2.Learner.parameters,
        "policy.noise_in": Parameter(tuple, (TARGETS, ACTOR)),
        "smoothing.clip": Parameter(float, 0.3, low=0.0, packable=True),
        "actor.objective": Parameter(str, "mean", choices=OBJECTIVES),
    }
