"""Ended trials of earlier studies, which a sampler knows from the first trial on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class EarlierTrial:
    """A trial of an earlier study, as the plan of a study that learns from it holds it."""

    study: str
    trial: int
    """Its number there."""
    labels: Mapping[str, Any]
    """Axis of the study that learns from it -> label; only axes whose values are chosen."""
    values: Sequence[float] | None
    """Its values by the scores of that study; `None` where runs that diverged decide them."""
    excess: Sequence[float | None] = ()
    """By how much it breaks each constraint of the score, at most 0 where it keeps it; `None` where
    that is unknown, as runs diverged."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The trial that a plan holds."""
        values = body["values"]
        known = None if values is None else [float(value) for value in values]
        excess = [None if own is None else float(own) for own in body.get("excess", ())]
        labels = dict(body["labels"])
        return cls(str(body["study"]), int(body["trial"]), labels, known, excess)

    def to_json(self) -> dict[str, Any]:
        """The trial as a plan holds it."""
        return {name: one for name, one in vars(self).items() if name != "excess" or one}
