"""What heads of an agent that learns from images cost: memory and time of training and acting."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import torch

from agents.learners.drq import Learner
from agents.replay.buffer import Replay

_IMAGES = 100
_WARM = 4
"""Calls before those that are timed: an even number, as the actor learns at every second update."""


def measure(config, run):
    """Reports memory and time of `run.steps` updates and acts of a `drq` with random images.

    Memory of training is the most that torch's allocator holds during an update, memory of acting
    the fp32 weights of actor, critics, targets and their encoders. A GPU is taken where there is
    one, with its events as clock; on a CPU it is one thread and the wall clock.
    """
    Learner.check(config, run.task)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    params = Learner.complete(config)
    shape = Learner.shape_of(params, run.task)
    agent = Learner([SimpleNamespace(params=params, seed=run.seed, steps=run.steps)], shape, device)
    agent.initialise()
    replay, image = _replay(shape, run.seed, device)
    step = params["warmup_steps"] * params["update_every"]
    sizes = Learner.sizes(params, shape)
    run.report(
        run.steps,
        train_gb=_peak(lambda: agent.learn(replay, step), agent, device) / 1e9,
        act_mb=4 * (sizes.trained + sizes.targets) / 1e6,
        train_ms=_milliseconds(lambda: agent.learn(replay, step), run.steps, device),
        act_ms=_milliseconds(lambda: agent.act(image[:, None], step), run.steps, device),
    )


def _replay(shape, seed, device):
    """A replay of random transitions, and one image [1, H, W, C]."""
    random = np.random.default_rng(seed)
    replay = Replay(shape, 1, _IMAGES, device)
    for _ in range(_IMAGES):
        image = random.integers(0, 256, (1, *shape.observation), np.uint8)
        replay.add_observations(image)
        actions = random.uniform(-1, 1, (1, shape.actions)).astype(np.float32)
        replay.add(actions, np.ones(1, np.float32), np.zeros(1, bool))
    return replay, image


def _milliseconds(act, count, device):
    """Milliseconds of one of `count` calls."""
    for _ in range(_WARM):
        act()
    if device == "cpu":
        before = time.perf_counter()
        for _ in range(count):
            act()
        return 1e3 * (time.perf_counter() - before) / count
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    first.record()
    for _ in range(count):
        act()
    last.record()
    torch.cuda.synchronize()
    return first.elapsed_time(last) / count


def _peak(update, agent, device):
    """The most bytes that torch's allocator holds during two updates, after two others."""
    for _ in range(2):
        update()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        update(), update()
        return torch.cuda.max_memory_allocated()
    with torch.profiler.profile(profile_memory=True) as seen:
        update(), update()
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    kept = {t.data_ptr(): t.nbytes for _, t, _ in agent.tensors()}
    return sum(kept.values()) + int(max(np.cumsum(changes)))
