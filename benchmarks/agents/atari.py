"""Environment steps per second of DQN on Atari, one core, beside Stable-Baselines3's.

    pip install stable-baselines3 --no-deps     # optional; left out of the table where missing
    python -m benchmarks.agents.atari [rounds] [game=Freeway]

Same network, batch (32), replay (100,000), preprocessing (SB3's AtariWrapper and VecFrameStack),
update (every 4 steps), target (every 1,000), loss (Huber) and acting (epsilon 0.01) for both. All
run in this process on one thread, in turns, after their warm-up; a row is the median over rounds of
steps per second of CPU time, and of the ratios of turns of one round. The second table sets an
update of DQN and of C51 beside the products that it must do, alone: the convolutions of torch and
matrix products, forward and back.
"""

from __future__ import annotations

import importlib.util
import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from agents import lookup
from agents.layers.functional.patches import number
from agents.replay.batch import Batch
from benchmarks.agents.dqn import Train, cpu

BATCH, WARMUP, STACK, ATOMS, TIMES = 32, 300, 4, 51, 3
THEIRS = "Stable-Baselines3"
SIZES: Mapping[str, Mapping[str, Any]] = {
    "42 x 42": {
        "env.size": 42,
        "network.convs": (16, 32, 32),
        "network.kernels": (4, 4, 3),
        "network.strides": (2, 2, 2),
        "network.units": 128,
    },
    "84 x 84": {
        "env.size": 84,
        "network.convs": (32, 64, 64),
        "network.kernels": (8, 4, 3),
        "network.strides": (4, 2, 1),
        "network.units": 512,
    },
}
"""A small network, and that of Mnih et al. 2015."""
STEPS = {"42 x 42": 128, "84 x 84": 48}
"""Environment steps of a measurement."""
Update = Callable[[], None]


def complete(size: str, agent: str = "dqn") -> tuple[Any, dict[str, Any]]:
    """Returns the agent's class and its parameters."""
    learner: Any = lookup.find("learners", agent)
    given = {**SIZES[size], "network.body": "atari", "batch_size": BATCH, "target.every": 1_000}
    given |= {"warmup_steps": WARMUP, "epsilon.decay_until": WARMUP, "replay.capacity": 100_000}
    return learner, learner.complete(given | ({"loss": "huber"} if agent == "dqn" else {}))


def started(size: str, game: str, members: int, agent: str = "dqn") -> Any:
    """A pack after its warm-up."""
    learner, params = complete(size, agent)
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    made = {"params": params, "task": task(game), "steps": 10**6, "evaluation": schedule}
    runs = [SimpleNamespace(**made, seed=seed) for seed in range(members)]
    pack = learner.start(runs, [None] * members, "cpu")
    pack.train(WARMUP + 20)
    return pack


def task(game: str) -> str:
    """Our name of a game of Gymnasium's."""
    return "atari/" + "".join(f"_{c.lower()}" if c.isupper() else c for c in game).lstrip("_")


def ours(size: str, game: str, members: int, agent: str = "dqn") -> Train:
    """A pack of `members`; the steps of all members count."""
    pack = started(size, game, members, agent)
    return lambda steps: pack.train(pack.step + steps // members)


def stable_baselines(size: str, game: str) -> Train:
    """Stable-Baselines3's DQN with the same sizes and schedule."""
    import ale_py
    import gymnasium
    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    gymnasium.register_envs(ale_py)
    given = SIZES[size]
    plain = {"frameskip": 1, "repeat_action_probability": 0.0, "full_action_space": False}
    envs = make_atari_env(
        f"ALE/{game}-v5", 1, 0, env_kwargs=plain, wrapper_kwargs={"screen_size": given["env.size"]}
    )
    model = DQN(
        "CnnPolicy",
        VecFrameStack(envs, STACK),
        learning_rate=2.5e-4,
        buffer_size=100_000,
        learning_starts=WARMUP,
        batch_size=BATCH,
        train_freq=4,
        target_update_interval=1_000,
        exploration_fraction=1e-6,
        exploration_final_eps=0.01,
        device="cpu",
        policy_kwargs={
            "features_extractor_class": sb3_features(),
            "features_extractor_kwargs": {"given": given},
            "net_arch": [given["network.units"]],
            "optimizer_kwargs": {"eps": 3.125e-4},
        },
    )
    model.learn(WARMUP + 20)

    def train(steps: int) -> None:
        model.learn(steps, reset_num_timesteps=False)

    return train


def sb3_features() -> Any:
    """The convolutions, as a features extractor."""
    import gymnasium
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

    class Convolutions(BaseFeaturesExtractor):
        def __init__(self, space: gymnasium.spaces.Box, given: Mapping[str, Any]) -> None:
            layers: list[nn.Module] = []
            for channels, outputs, side, _, kernel, stride in convolutions(given):
                layers += [nn.Conv2d(channels, outputs, kernel, stride), nn.ReLU()]
                features = outputs * number(side, kernel, stride) ** 2
            super().__init__(space, features)
            self._net = nn.Sequential(*layers, nn.Flatten())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self._net(x)
            return features

    return Convolutions


def convolutions(given: Mapping[str, Any]) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Channels before and after, sides before and after, kernel and stride of each."""
    side, channels = given["env.size"], STACK
    names = ("network.convs", "network.kernels", "network.strides")
    for outputs, kernel, stride in zip(*(given[name] for name in names), strict=True):
        after = number(side, kernel, stride)
        yield channels, outputs, side, after, kernel, stride
        channels, side = outputs, after


def update(size: str, game: str, members: int, agent: str) -> Update:
    """One update of a batch that is there already; drawing it is left out."""
    pack = started(size, game, members, agent)
    draws = torch.randint(2**31, (members, BATCH)).numpy().astype("uint32")
    batch: Batch = pack.replay.sample(draws)
    return lambda: pack.learner.update(batch)


def products(size: str, actions: int, members: int, agent: str) -> Update:
    """The products of an update of `members` agents: two passes forward, one of them back."""
    given, calls = SIZES[size], list[Update]()
    for place, (c, n, before, after, kernel, stride) in enumerate(convolutions(given)):
        x = torch.rand(BATCH, before, before, c).permute(0, 3, 1, 2)
        y = torch.rand(BATCH, after, after, n).permute(0, 3, 1, 2)
        w = torch.rand(n, c, kernel, kernel).contiguous(memory_format=torch.channels_last)
        sizes = [n], [stride] * 2, [0, 0], [1, 1], False, [0, 0], 1, [place > 0, True, True]
        calls += [partial(F.conv2d, x, w, None, stride)] * 2
        calls += [partial(torch.ops.aten.convolution_backward, y, x, w, *sizes)]
    outputs = actions * (ATOMS if agent == "c51" else 1)
    units = given["network.units"]
    for inputs, out in ((n * after**2, units), (units, outputs)):
        x, w, y = torch.rand(BATCH, inputs), torch.rand(inputs, out), torch.rand(BATCH, out)
        calls += [partial(torch.mm, x, w)] * 2
        calls += [partial(torch.mm, x.T, y), partial(torch.mm, y, w.T)]

    def work() -> None:
        for call in calls * members:
            call()

    return work


def seconds(ways: Mapping[str, Update], rounds: int) -> dict[str, list[float]]:
    """CPU time of each, round by round, in turns."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.process_time()
            way()
            found[name].append(time.process_time() - begin)
    return found


def ratio(many: Sequence[float], few: Sequence[float]) -> str:
    """The median of ratios, round by round."""
    return f"{statistics.median(a / b for a, b in zip(many, few, strict=True)):.2f}"


def speeds(game: str, rounds: int) -> None:
    """Prints the first table."""
    print("| sizes | | steps/s | × Stable-Baselines3 |\n|---|---|---|---|")
    for size, steps in STEPS.items():
        learner, params = complete(size)
        auto = learner.pack_size(params, task(game), "cpu")
        ways = {f"sweeper, P = {p}": ours(size, game, p) for p in sorted({1, 4, auto})}
        if importlib.util.find_spec("stable_baselines3"):
            ways[THEIRS] = stable_baselines(size, game)
        found = seconds({name: partial(way, steps) for name, way in ways.items()}, rounds)
        for name, took in found.items():
            label = f"{name} (auto)" if name == f"sweeper, P = {auto}" else name
            faster = ratio(found[THEIRS], took) if THEIRS in found else ""
            print(f"| {size} | {label} | {steps / statistics.median(took):,.0f} | {faster} |")
        sys.stdout.flush()


def updates(game: str, rounds: int) -> None:
    """Prints the second table."""
    print("\n| sizes | agent | P | ms an update | ms, products | update / products |")
    print("|---|---|---|---|---|---|")
    actions = lookup.find("learners", "dqn").shape_of({}, task(game)).actions
    for size in SIZES:
        for agent, members in itertools.product(("dqn", "c51"), (1, 4)):
            ways = [update(size, game, members, agent), products(size, actions, members, agent)]
            twice = {str(number): partial(several, way) for number, way in enumerate(ways)}
            took, least = seconds(twice, rounds).values()
            cells = (f"{statistics.median(each) / TIMES * 1e3:.1f}" for each in (took, least))
            row = " | ".join((size, agent, str(members), *cells, ratio(took, least)))
            print(f"| {row} |", flush=True)


def several(way: Update) -> None:
    """A measurement of an update."""
    for _ in range(TIMES):
        way()


def main(rounds: str = "9", game: str = "Freeway") -> None:
    """Prints both tables."""
    torch.set_num_threads(1)
    packages = ["torch", "ale-py", "gymnasium"]
    packages += ["stable-baselines3"] if importlib.util.find_spec("stable_baselines3") else []
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"DQN on {game}; {date.today()}, {cpu()}, one thread, {versions}\n")
    speeds(game, int(rounds))
    updates(game, int(rounds))


if __name__ == "__main__":
    words = sys.argv[1:]
    named = dict(word.split("=", 1) for word in words if "=" in word)
    main(*[word for word in words if "=" not in word], **named)
