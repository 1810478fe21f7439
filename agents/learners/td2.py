"""TD2 (Hui 2022, ch. 3): DDPG with twin critics and targets, TD3 without its delay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agents.learners import ddpg
from agents.parameter import Parameter


class Learner(ddpg.Learner):
    """TD2 in the words of chapter 3: no noise on the actions that targets take, unlike §2.1.2."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **ddpg.Learner.parameters,
        "critics": Parameter(int, 2, low=1),
    }
