"""How much memory agents take, told before they begin, and how many make a pack."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from agents.collecting import Collecting
from agents.collectors.shared import bytes_of_collectors
from agents.envs import tasks
from agents.optimisers import base as optimisers
from agents.replay import prioritised
from agents.replay.storage import store
from agents.shape import Shape
from agents.training.pack_learner import PackLearner

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

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


class SizedLearner(PackLearner):
    """A learner whose class tells what its members take, from counts of their numbers (`sizes`)."""

    packs: ClassVar[bool] = True
    """Whether several runs may train as one pack."""
    passes_bytes: ClassVar[int] = 25_000_000
    """Bytes of the first passes through any network: code of kernels, their scratch memory."""
    cpu_pack: ClassVar[int] = 1
    """How many runs train best together on a CPU."""

    @classmethod
    @abstractmethod
    def complete(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all parameters: those given, and the defaults of others that belong to them."""

    @classmethod
    @abstractmethod
    def shape_of(cls, params: Mapping[str, Any], task: str) -> Shape:
        """Returns the shape of a task with the settings that `params` give it."""

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
        return 4 * cls._kept(params, sizes) + replay

    @classmethod
    def _kept(cls, params: Mapping[str, Any], sizes: Sizes) -> int:
        """Returns how many numbers an agent keeps: weights, their moments, and targets' weights."""
        return (1 + cls.moments(params)) * sizes.trained + sizes.targets

    @classmethod
    def member_bytes(cls, params: Mapping[str, Any], task: str, steps: int) -> int:
        """Returns bytes that one more member takes while a pack trains on a CPU to `steps`.

        That is the replay, the weights with what an update makes of them, its passes, and the
        environments that it trains and is evaluated in.
        """
        sizes, replay = cls._sizes_and_replay(params, task, steps)
        kept = cls._kept(params, sizes)
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
        collecting, complete = Collecting.of(params), cls.complete(params)
        environments = collecting.envs * tasks.bytes_each(task)
        if not collecting.is_async:
            return environments
        shape = cls.shape_of(complete, task)
        agent = 4 * cls._kept(params, cls.sizes(complete, shape))
        return environments + bytes_of_collectors(collecting, shape, agent)

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

        That is while it trains, or when it loses a member: the others' states are copied then, but
        not frames in files (benchmarks/agents/memory.py).
        """
        training = members * cls.member_bytes(params, task, steps)
        state = cls.state_bytes(params, task, steps) - cls.scratch_part(params, task, steps)[1]
        return cls.passes_bytes + max(training, (2 * members - 1) * state)

    @classmethod
    def scratch_part(cls, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """Returns the setting that a member's files in the temporary directory follow from, and
        their bytes while it trains."""
        complete = cls.complete(params)
        size = prioritised.mapped_bytes(complete, cls.shape_of(complete, task), steps)
        return f"replay.capacity={complete['replay.capacity']}", size

    @classmethod
    def on_scratch(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what to change of `params` so that frames are in such files."""
        return {} if store.is_mapped(params) else {store.STORE: store.MAPPED}

    @classmethod
    def reads_rows(cls, params: Mapping[str, Any]) -> bool:
        """Returns that `start` reads the rows of a state's replay by slices."""
        return True
