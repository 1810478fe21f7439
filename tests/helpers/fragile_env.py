"""A game whose simulation diverges in some of the environments that are made of it."""

from __future__ import annotations

from typing import ClassVar

from agents.envs import minatar


class Fragile(minatar.Environment):
    """Environments are numbered as they are made; those in `bad` diverge at their third step.

    One of an odd number raises, one of an even number gives a reward that is not finite.
    """

    made: ClassVar[int] = 0
    bad: ClassVar[set[int]] = set()

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._number, self._steps = Fragile.made, 0
        Fragile.made += 1

    def step(self, action: int) -> tuple[float, bool, bool]:
        """One step of the game."""
        self._steps += 1
        outcome = super().step(action)
        if self._number not in Fragile.bad or self._steps < 3:
            return outcome
        if self._number % 2:
            raise FloatingPointError("the simulation is unstable")
        return float("nan"), False, False
