"""What a run has learned and collected, out of its saved state: the agent, and its replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.collecting import Collecting
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.replay import prioritised

if TYPE_CHECKING:
    import torch

    from agents.contract import Run, State
    from agents.replay.buffer import Replay
    from agents.training.pack_learner import PackLearner
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


def load(learner: PackLearner, replay: Replay, row: int, state: State) -> None:
    """Puts back the agent of a saved state and its replay, as a member's."""
    replay.count = int(state.get("rounds", state["step"]))
    learner.load(row, part(state, "learner"))
    replay.load(row, part(state, "replay"))
    replay.load_truncations(row, part(state, "cuts"))
    replay.load_sampler(row, part(state, "sampler"))


def restored(
    learner: type[PackLearner], run: Run, state: State, device: str
) -> tuple[PackLearner, Replay]:
    """Returns a run's agent and its replay as they were saved; no environment is made.

    On a CPU torch is set to one thread.
    """
    if torch.device(device).type == "cpu":
        torch.set_num_threads(1)
    params = run.params
    collecting, shape = Collecting.of(params), tasks.shape(run.task, Settings.of(params))
    agent = learner([run], shape, device)
    capacity = collecting.capacity(params["replay.capacity"], run.steps)
    replay = prioritised.made([params], shape, capacity, device, collecting.envs)
    load(agent, replay, 0, state)
    return agent, replay


def named(part: str, state: State) -> State:
    """Returns the arrays of a part of a state under names that tell it."""
    return {f"{part}.{name}": value for name, value in state.items()}


def part(state: State, name: str) -> State:
    """Returns the arrays of a part of a state under the names that it knows."""
    prefix = f"{name}."
    return {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
