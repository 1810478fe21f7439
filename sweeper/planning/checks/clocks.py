"""Checks that runs report what learning curves are drawn against."""

from __future__ import annotations

from sweeper.errors import Invalid, Mistakes
from sweeper.planning.configurations.expansion import Configuration, Expansion
from sweeper.space.figure_options import CLOCKS
from sweeper.space.space import Space
from sweeper.text import labels_text
from sweeper.trainable.abilities import Diagnosable
from sweeper.trainable.contract import Trainable, among


def check(space: Space, trainable: Trainable, expansion: Expansion) -> None:
    """Raises `Invalid` where curves of all runs are to be drawn against a metric that some
    configurations of a grid do not report, such as `updates`.

    Of other samplers, and of a part of the runs, that is told where the figure is drawn.
    """
    asked = {
        index: str(figure.options["x"])
        for index, figure in enumerate(space.figures or ())
        if figure.name == "curves"
        and figure.options.get("x") in CLOCKS
        and not {"where", "trial", "top"} & {*figure.options}
    }
    if not asked or not trainable.metrics or space.sampler.name != "grid":
        return
    try:
        found = expansion.grid().configurations
    except Invalid:  # which the check of the trials tells
        return
    mistakes = Mistakes()
    for index, clock in asked.items():
        lacking = [one for one in found if not _reports(trainable, one, clock)]
        if lacking:
            some = len(lacking) < len(found)
            why = f"is {clock}, which runs do not report"
            why += f" where {labels_text(lacking[0].labels)}" if some else ""
            why += (
                ": they do where a parameter collect.* is given, as in fixed: "
                "{collect.env_steps_per_update: 1}"
            )
            mistakes.add(Invalid(why, ("figures", index, "curves", "x")))
    mistakes.check()


def _reports(trainable: Trainable, configuration: Configuration, clock: str) -> bool:
    """Whether runs of a configuration report `clock`."""
    metrics = [*trainable.metrics]
    if isinstance(trainable, Diagnosable):
        metrics += trainable.diagnosed(configuration.params)
    return among(metrics, clock)
