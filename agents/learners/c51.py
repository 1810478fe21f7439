"""C51 (Bellemare et al. 2017) with the settings of Gogianu et al. 2021 (public configurations)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agents.heads import base as heads
from agents.learners import dqn
from agents.parameter import Parameter


class Learner(dqn.Learner):
    """DQN whose network gives distributions of returns; greedy by their means."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **dqn.Learner.parameters,
        **heads.parameters("network", "categorical"),
    }
