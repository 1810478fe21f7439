"""Checks that runs report what learning curves are drawn against."""

from __future__ import annotations

from sweeper.errors import Invalid, Mistakes
from sweeper.planning.configurations.expansion import Configuration, Expansion
from sweeper.space.figure_options import CLOCKS
from sweeper.space.space import Space
from sweeper.text import labels_text
from sweeper.trainable.abilities import Diagnosable
from sweeper.trainable.contract import Trainable, among

_REPORTING = "collect.env_steps_per_update"
"""A parameter with which agents report their updates and environment steps, also where it is 1."""


def check(space: Space, trainable: Trainable, expansion: Expansion) -> None:
    """Raises `Invalid` where curves of all runs are to be drawn against a metric that some
    configurations of a grid do not report, such as `updates`.

    Of other samplers, and of a part of the runs, that is told where the figure is drawn.
    """
    asked = {
        index: figure.options["x"]
        for index, figure in enumerate(space.figures or ())
        if figure.name == "curves" and not {"where", "trial", "top"} & {*figure.options}
        if isinstance(figure.options.get("x"), str) and figure.options["x"] in CLOCKS
    }
    if not asked or not trainable.metrics or space.sampler.name != "grid":
        return
    try:
        grid = expansion.grid()
    except Invalid:  # which the check of the trials tells
        return
    found = [(one, task) for one in grid.configurations for task in space.tasks]
    hint = (
        f": they do with fixed: {{{_REPORTING}: 1}}" if _REPORTING in trainable.parameters else ""
    )
    mistakes = Mistakes()
    for index, clock in asked.items():
        lacking = [one for one in found if not _reports(trainable, expansion, *one, clock)]
        if lacking:
            made, task = lacking[0]
            some = len(lacking) < len(found)
            where = f" where {labels_text(made.labels)} on {task}" if some else ""
            why = f"is {clock}, which runs do not report{where}{hint}"
            mistakes.add(Invalid(why, ("figures", index, "curves", "x")))
    mistakes.check()


def _reports(
    trainable: Trainable, expansion: Expansion, made: Configuration, task: str, clock: str
) -> bool:
    """Whether runs of a configuration on a task report `clock`, as far as it is valid."""
    metrics = [*trainable.metrics]
    if isinstance(trainable, Diagnosable):
        try:
            metrics += trainable.diagnosed(expansion.params_on(made, task))
        except ValueError:  # which the check of the trials tells
            return True
    return among(metrics, clock)
