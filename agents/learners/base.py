"""The base class of learners: what a sweep asks of a learner's class before and when runs start."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from agents import collecting, lookup, parameter
from agents.collecting import Collecting
from agents.collectors.async_pack import AsyncPack
from agents.collectors.shared import bytes_of_collectors
from agents.envs import settings, tasks
from agents.envs.settings import Settings
from agents.learners.misfit import misfit
from agents.networks import network
from agents.optim import schedule
from agents.optimisers import base as optimisers
from agents.replay import prioritised
from agents.shape import Shape
from agents.training import playing
from agents.training.pack import Pack
from agents.training.pack_learner import PackLearner

if TYPE_CHECKING:
    import torch

    from agents.contract import Run, State
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


_OF_OPTIMISERS = {"optimizer.eps", "optimizer.beta1", "optimizer.beta2"}  # when there was one
_EVALUATED = 10  # environments, as an evaluation is usually of ten episodes
_GPU_PACK = 256
_GPU_COPIES = 7  # of trained weights, where all members are updated at once; without moments
_GPU_SHARE = 0.7  # of the free memory: workers may share the GPU, and its allocator fragments


@dataclass(frozen=True)
class Sizes:
    """Counts of a member's numbers: trained weights, targets' weights, those of its passes.

    `gradients` are what an update makes of weights on a CPU at once, where that is not a gradient
    and a copy of it for all that is trained.
    """

    trained: int
    targets: int
    passes: int
    gradients: int | None = None


class BaseLearner(PackLearner):
    """A trainable; an instance is P agents of one signature that learn together.

    A subclass states `parameters` and `networks`, and implements the abstract methods; it may give
    settings of environments other defaults. Class methods do not import torch, except `start`.
    """

    continuous: ClassVar[bool] = False
    """Whether its actions are numbers, and not choices."""
    images: ClassVar[bool] = False
    """Whether it needs images; other agents of numbers read an image's numbers in a row."""
    packs: ClassVar[bool] = True
    """Whether several runs may train as one pack."""
    passes_bytes: ClassVar[int] = 25_000_000
    """Bytes of the first passes through any network: code of kernels, their scratch memory."""
    cpu_pack: ClassVar[int] = 1
    """How many runs train best together on a CPU."""
    earlier_defaults: ClassVar[Mapping[str, Any]] = {}
    """Defaults that have changed since, for studies begun before a study kept its own."""
    later_parameters: ClassVar[Collection[str]] = (
        *settings.PARAMETERS,
        *collecting.PARAMETERS,
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
    def complete(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all parameters: those given, and the defaults of others that belong to them."""
        named = {n: p for n, p in cls.parameters.items() if not n.endswith(parameter.OPEN)}
        others = {n: v for n, v in params.items() if n not in cls.parameters}
        more = {n: v for n, v in others.items() if parameter.find(cls.parameters, n)}
        every = {name: params.get(name, p.default) for name, p in named.items()}
        kept = {n: v for n, v in every.items() if n in params or named[n].belongs(every)}
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
        return json.dumps(
            [shared, shape.observation, shape.dtype, shape.actions, shape.stack], sort_keys=True
        )

    @classmethod
    @abstractmethod
    def sizes(cls, params: Mapping[str, Any], shape: Shape) -> Sizes:
        """Returns what memory is estimated from; `params` are complete."""

    @classmethod
    def packs_with(cls, params: Mapping[str, Any]) -> bool:
        """Returns whether runs with these parameters may train in packs of several."""
        return cls.packs and not Collecting.of(params).is_async

    @classmethod
    def pack_size(cls, params: Mapping[str, Any], task: str, device: str) -> int:
        """Returns how many runs train best together on `device`.

        On a CPU `cpu_pack` (more members save calls but leave the caches), and where the GPU is on
        another machine; on a GPU what its free memory holds, at most 256.
        """
        if not cls.packs_with(params):
            return 1
        if device == "cpu" or not torch.cuda.is_available():
            return cls.cpu_pack
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        sizes, replay = cls._sizes_and_replay(params, task, None)
        copies = _GPU_COPIES + cls.moments(params)
        member = 4 * (copies * sizes.trained + sizes.targets + sizes.passes) + replay
        return max(1, min(_GPU_PACK, int(_GPU_SHARE * (free + cached) / member)))

    @classmethod
    def state_bytes(cls, params: Mapping[str, Any], task: str, steps: int) -> int:
        """Returns bytes of one member's saved state after `steps` steps, but for a little."""
        sizes, replay = cls._sizes_and_replay(params, task, steps, saved=True)
        return 4 * ((1 + cls.moments(params)) * sizes.trained + sizes.targets) + replay

    @classmethod
    def member_bytes(cls, params: Mapping[str, Any], task: str, steps: int) -> int:
        """Returns bytes that one more member takes while a pack trains on a CPU to `steps`.

        That is the replay, the weights with what an update makes of them, its passes, and the
        environments that it trains and is evaluated in.
        """
        sizes, replay = cls._sizes_and_replay(params, task, steps)
        kept = (1 + cls.moments(params)) * sizes.trained + sizes.targets
        gradients = 2 * sizes.trained if sizes.gradients is None else sizes.gradients
        ours = 4 * (kept + gradients + sizes.passes) + replay + _EVALUATED * tasks.bytes_each(task)
        return ours + cls._collecting_bytes(params, task)

    @classmethod
    def largest_part(cls, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """Returns the setting that a member's memory follows from where it is large, and bytes."""
        _, replay = cls._sizes_and_replay(params, task, steps)
        if (collectors := cls._collecting_bytes(params, task)) > replay:
            return Collecting.of(params).largest(collectors)
        return f"replay.capacity={cls.complete(params)['replay.capacity']}", replay

    @classmethod
    def _collecting_bytes(cls, params: Mapping[str, Any], task: str) -> int:
        """Returns bytes of what a member trains in: environments, and the processes of theirs."""
        collecting, shape = Collecting.of(params), cls.shape_of(cls.complete(params), task)
        processes = bytes_of_collectors(collecting, shape) if collecting.is_async else 0
        return collecting.envs * tasks.bytes_each(task) + processes

    @classmethod
    def moments(cls, params: Mapping[str, Any]) -> int:
        """Returns how many numbers the optimiser keeps for each that is trained."""
        return len(optimisers.find(params).moments)

    @classmethod
    def _sizes_and_replay(
        cls, params: Mapping[str, Any], task: str, steps: int | None, saved: bool = False
    ) -> tuple[Sizes, int]:
        """Returns a member's sizes, and bytes of its replay after `steps` steps (`None`: full)."""
        complete = cls.complete(params)
        shape = cls.shape_of(complete, task)
        sizes = cls.sizes(complete, shape)
        if complete["diagnostics"]:
            batches = -(-complete["diagnostics.samples"] // complete["batch_size"])
            sizes = replace(sizes, passes=sizes.passes * batches)
        return sizes, prioritised.replay_bytes(complete, shape, steps, saved)

    @classmethod
    def pack_bytes(cls, params: Mapping[str, Any], task: str, steps: int, members: int) -> int:
        """Returns the most bytes that a pack takes on a CPU, beside what `prepare` imports.

        That is while it trains, or when it loses a member: the others' states are copied then
        (benchmarks/agents/memory.py).
        """
        training = members * cls.member_bytes(params, task, steps)
        losing = (2 * members - 1) * cls.state_bytes(params, task, steps)
        return cls.passes_bytes + max(training, losing)

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
