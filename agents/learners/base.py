"""The base class of learners: what a sweep asks of a learner's class before and when runs start."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents import collecting, lookup, parameter
from agents.collecting import Collecting
from agents.collectors.async_pack import AsyncPack
from agents.envs import settings, tasks
from agents.envs.settings import Settings
from agents.learners.memory import SizedLearner
from agents.learners.memory import Sizes as Sizes
from agents.learners.misfit import misfit
from agents.networks import network
from agents.optim import projection, resets, schedule
from agents.optimisers import base as optimisers
from agents.replay.storage import store
from agents.shape import Shape
from agents.training import playing
from agents.training.pack import Pack

if TYPE_CHECKING:
    import torch

    from agents.contract import Run, State
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


_OF_OPTIMISERS = {"optimizer.eps", "optimizer.beta1", "optimizer.beta2"}  # when there was one


class BaseLearner(SizedLearner):
    """A trainable; an instance is P agents of one signature that learn together.

    A subclass states `parameters` and `networks`, and implements the abstract methods; it may give
    settings of environments other defaults. Class methods do not import torch, except `start`.
    """

    continuous: ClassVar[bool] = False
    """Whether its actions are numbers, and not choices."""
    images: ClassVar[bool] = False
    """Whether it needs images; other agents of numbers read an image's numbers in a row."""
    earlier_defaults: ClassVar[Mapping[str, Any]] = {}
    """Defaults that have changed since, for studies begun before a study kept its own."""
    later_parameters: ClassVar[Collection[str]] = (
        *settings.PARAMETERS,
        *collecting.PARAMETERS,
        *collecting.TIMES,
        *resets.PARAMETERS,
        *projection.PARAMETERS,
        *store.PARAMETERS,
        *schedule.PARAMETERS,
        *optimisers.parameters().keys() - _OF_OPTIMISERS,
    )
    """Parameters that there were not yet when such studies began."""
    keeps_weights: ClassVar[bool] = True
    """Whether packs have `weights`, so that a space may ask for them."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {n: p for n, p in cls.parameters.items() if n in settings.PARAMETERS}
        cls.parameters = {
            **cls.parameters,
            **settings.PARAMETERS,
            **collecting.PARAMETERS,
            **store.PARAMETERS,
            **own,
        }

    @classmethod
    def tasks(cls) -> Sequence[str]:
        """Returns the tasks that ship whose actions fit; `path/file.py:Name/task` is valid too."""
        return [t for t in tasks.all_tasks() if tasks.shape(t).continuous == cls.continuous]

    @classmethod
    def check_task(cls, task: str) -> bool:
        """Returns whether the task's family knows more tasks than it lists, this one among them.

        Raises ValueError where it does not know this one.
        """
        if task.partition("/")[0] not in tasks.open_families():
            return False
        tasks.check_name(task)
        return True

    @classmethod
    def diagnosed(cls, params: Mapping[str, Any]) -> list[str]:
        """Returns the metrics that `diagnostics` add, and what `env.*` and `collect.*` count."""
        counted = ["env_steps"] if Settings.of(params).counts_steps else []
        counted = [*Collecting.of(params).metrics] or counted
        return [*counted, *super().diagnosed(params)]

    @classmethod
    def check(cls, params: Mapping[str, Any], task: str) -> None:
        """Raises ValueError where a parameter or the task is not valid."""
        for name in params:
            if parameter.find(cls.parameters, name) is None:
                raise lookup.unknown("parameter", name, list(cls.parameters))
        complete = cls.complete(params)
        optimisers.find(complete)
        for name, known in cls.parameters.items():
            if name in complete:
                known.check(name, complete[name])
                known.check_belongs(name, complete)
        network.check_widths(complete, cls.parameters)
        cls.diagnosed(complete)
        Collecting.of(complete).check(complete, cls.continuous)
        tasks.check(task, Settings.of(complete))
        shape = cls.shape_of(complete, task)
        if shape.continuous != cls.continuous:
            raise ValueError(misfit(task, shape))
        cls.check_together(complete, shape)

    @classmethod
    def shape_of(cls, params: Mapping[str, Any], task: str) -> Shape:
        """Returns the shape of a task with the settings that `params` give it."""
        return tasks.shape(task, Settings.of(params))

    @classmethod
    def describe(cls, task: str) -> dict[str, str]:
        """Returns what a study records of a task: its shape, and versions of its packages."""
        return tasks.describe(task)

    @classmethod
    def references(cls, task: str) -> dict[str, tuple[float, float]]:
        """Returns pairs of known scores of a task by name: of a random policy and a human, say."""
        return tasks.references(task)

    @classmethod
    def complete(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all parameters: those given, and the defaults of others that belong to them."""
        known, end = cls.parameters, parameter.OPEN
        every = {n: params.get(n, p.default) for n, p in known.items() if not n.endswith(end)}
        kept = {n: v for n, v in every.items() if n in params or known[n].belongs(every)}
        more = {n: v for n, v in params.items() if n not in known and parameter.find(known, n)}
        return kept | more

    @classmethod
    @abstractmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where parameters, each valid, do not fit together or the task."""

    @classmethod
    @abstractmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of the network that `sn.layers` indexes."""

    @classmethod
    def layers_of(cls, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of the network that `parameter` indexes."""
        return cls.layers(params, task)

    @classmethod
    def signature(cls, params: Mapping[str, Any], task: str) -> str:
        """Returns a text that is equal for runs that may share a pack."""
        complete = cls.complete(params)
        packable = {name for name, known in cls.parameters.items() if known.packable}
        shared = {name: value for name, value in complete.items() if name not in packable}
        shape = cls.shape_of(complete, task)
        told = [shared, shape.observation, shape.dtype, shape.actions, shape.stack]
        anew = ["resets"] if resets.is_asked(complete) else []
        return json.dumps([*told, *anew], sort_keys=True)

    @classmethod
    def prepare(cls) -> None:
        """Imports torch."""
        torch.get_num_threads()

    @classmethod
    def start(cls, runs: Sequence[Run], states: list[State | None], device: str) -> Pack:
        """Starts `runs` as one pack, from the beginning or from states of the same step.

        States are taken out of their list one by one, so that none is in memory twice.
        On a CPU torch is set to one thread, on which the numbers of a run are promised.
        """
        if len({cls.signature(run.params, run.task) for run in runs}) != 1:
            raise ValueError("the runs of a pack must have one signature")
        if len({None if state is None else int(state["step"]) for state in states}) != 1:
            raise ValueError("the states of a pack must all be None or all be of the same step")
        if torch.device(device).type == "cpu":
            torch.set_num_threads(1)
        waits = not Collecting.of(runs[0].params).is_async
        return (Pack if waits else AsyncPack)(cls, runs, states, device)

    @classmethod
    def play(
        cls,
        run: Run,
        weights: State,
        step: int,
        episodes: int | None = None,
        film: playing.Film | None = None,
    ) -> playing.Played:
        """Evaluates kept weights on a CPU as the run is evaluated after `step` steps.

        `episodes` are those of the run's evaluation where `None`; `film` is of the first of them.
        Raises ValueError where the weights are of another network.
        """
        torch.set_num_threads(1)
        return playing.play(cls, run, weights, step, episodes, film)
