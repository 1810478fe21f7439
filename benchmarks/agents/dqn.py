"""Environment steps per second of DQN on MinAtar's Breakout, one core, beside other programs.

    pip install stable-baselines3 --no-deps     # optional; left out of the table where missing
    python -m benchmarks.agents.dqn [rounds]

Same network (one 3x3 convolution of 16, 128 hidden units), batch (32), update (every 4 steps) and
acting (epsilon 0.01) for all. All run in this process on one thread, in turns, after their warm-up;
a row is the median over rounds of steps per second of CPU time.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.envs import tasks
from agents.learners.dqn import Learner

TASK = "minatar/breakout"
WARMUP, SLICE = 1_000, 2_048
Train = Callable[[int], None]


def ours(members: int) -> Train:
    """A pack of `members`; the steps of all members count."""
    given = {"warmup_steps": WARMUP, "epsilon.decay_until": WARMUP}
    schedule = SimpleNamespace(every=10**9, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=Learner.complete(given), task=TASK, seed=s, steps=10**6, evaluation=schedule
        )
        for s in range(members)
    ]
    pack = Learner.start(runs, [None] * members, "cpu")
    pack.train(WARMUP + 100)
    return lambda steps: pack.train(pack.step + steps // members)


def sb3_environment() -> Any:
    """The task as a Gymnasium environment, channels first."""
    import gymnasium

    class Game(gymnasium.Env[np.ndarray, int]):
        observation_space = gymnasium.spaces.Box(0, 1, (4, 10, 10), np.uint8)
        action_space = gymnasium.spaces.Discrete(6)

        def __init__(self) -> None:
            self._game, self._episode = tasks.make(TASK), 0

        def reset(self, **_: Any) -> tuple[np.ndarray, dict[str, Any]]:
            self._episode += 1
            self._game.reset(self._episode)
            return self._observe(), {}

        def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
            reward, terminated, _ = self._game.step(int(action))
            return self._observe(), float(reward), terminated, False, {}

        def _observe(self) -> np.ndarray:
            return np.ascontiguousarray(self._game.observe().transpose(2, 0, 1), np.uint8)

    return Game()


def sb3_features() -> Any:
    """The convolution of MinAtar's body, as a features extractor."""
    import gymnasium
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

    class Convolution(BaseFeaturesExtractor):
        def __init__(self, space: gymnasium.spaces.Box) -> None:
            super().__init__(space, 1024)
            self._net = nn.Sequential(nn.Conv2d(4, 16, 3), nn.ReLU(), nn.Flatten())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self._net(x)
            return features

    return Convolution


def stable_baselines() -> Train:
    """Stable-Baselines3's DQN with the same sizes and schedule (its loss is Huber)."""
    from stable_baselines3 import DQN

    model = DQN(
        "CnnPolicy",
        sb3_environment(),
        learning_rate=2.5e-4,
        buffer_size=100_000,
        learning_starts=WARMUP,
        batch_size=32,
        train_freq=4,
        target_update_interval=4_000,
        exploration_fraction=1e-6,
        exploration_final_eps=0.01,
        policy_kwargs={
            "features_extractor_class": sb3_features(),
            "net_arch": [128],
            "normalize_images": False,
            "optimizer_kwargs": {"eps": 3.125e-4},
        },
    )
    model.learn(WARMUP + 100)

    def train(steps: int) -> None:
        model.learn(steps, reset_num_timesteps=False)

    return train


class PlainLoop:
    """DQN as one writes it by hand: nn.Module, autograd, fused Adam, a NumPy replay of bytes."""

    def __init__(self) -> None:
        self.online, self.target = self._network(), self._network()
        self.target.load_state_dict(self.online.state_dict())
        self.adam = torch.optim.Adam(self.online.parameters(), lr=2.5e-4, eps=3.125e-4, fused=True)
        self.observations = np.zeros((2, 100_000, 4, 10, 10), np.uint8)
        self.actions = np.zeros(100_000, np.int64)
        self.rewards, self.masks = np.zeros((2, 100_000), np.float32)
        self.rng = np.random.default_rng(0)
        self.game, self.step, self.episode = tasks.make(TASK), 0, 0
        self.reset()
        self.train(WARMUP + 100)

    @staticmethod
    def _network() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(4, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(),
            nn.Linear(128, 6),
        )  # fmt: skip

    def reset(self) -> None:
        self.episode += 1
        self.game.reset(self.episode)
        self.observation = self.game.observe().transpose(2, 0, 1)

    def act(self) -> int:
        if self.step < WARMUP or self.rng.random() < 0.01:
            return int(self.rng.integers(6))
        with torch.no_grad():
            x = torch.from_numpy(self.observation[None].astype(np.float32))
            return int(self.online(x).argmax())

    def train(self, steps: int) -> None:
        for _ in range(steps):
            action, slot = self.act(), self.step % 100_000
            reward, terminated, _ = self.game.step(action)
            after = self.game.observe().transpose(2, 0, 1)
            self.observations[0, slot], self.observations[1, slot] = self.observation, after
            self.actions[slot], self.rewards[slot] = action, reward
            self.masks[slot] = not terminated
            self.observation = after
            self.step += 1
            if terminated:
                self.reset()
            if self.step >= WARMUP and self.step % 4 == 0:
                self.update()
            if self.step % 4_000 == 0:
                self.target.load_state_dict(self.online.state_dict())

    def update(self) -> None:
        drawn = self.rng.integers(min(self.step, 100_000), size=32)
        x, after = (torch.from_numpy(o[drawn]).float() for o in self.observations)
        with torch.no_grad():
            best = self.target(after).max(1).values
            y = (
                torch.from_numpy(self.rewards[drawn])
                + 0.99 * torch.from_numpy(self.masks[drawn]) * best
            )
        q = self.online(x).gather(1, torch.from_numpy(self.actions[drawn])[:, None])[:, 0]
        loss = nn.functional.mse_loss(q, y)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()


def floor_ms() -> tuple[float, float]:
    """Milliseconds of an update's matrix products, and of its Adam."""
    layers = [(2048, 36, 16), (32, 1024, 128), (32, 128, 6)]
    operands = [
        (torch.randn(1, m, k), torch.randn(1, k, n), torch.randn(1, m, n)) for m, k, n in layers
    ]

    def products() -> None:
        for i, (x, w, g) in enumerate(operands):
            torch.bmm(x, w), torch.bmm(x, w), torch.bmm(x.transpose(1, 2), g)
            if i:
                torch.bmm(g, w.transpose(1, 2))

    parameters = [nn.Parameter(torch.randn(132_566))]
    parameters[0].grad = torch.randn(132_566)
    adam = torch.optim.Adam(parameters, fused=True)
    return timed_ms(products), timed_ms(adam.step)


def timed_ms(work: Callable[[], Any], times: int = 300) -> float:
    rounds = []
    for _ in range(7):
        begin = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - begin) / times * 1e3)
    return statistics.median(rounds)


def measure(contenders: dict[str, Train], rounds: int, steps: int = SLICE) -> dict[str, float]:
    """Median steps per second of CPU time of each, in turns."""
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, train in contenders.items():
            begin = time.process_time()
            train(steps)
            speeds[name].append(steps / (time.process_time() - begin))
    return {name: statistics.median(values) for name, values in speeds.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    auto = Learner.pack_size(Learner.complete({}), TASK, "cpu")
    contenders = {f"sweeper, P = {p}": ours(p) for p in sorted({1, 8, 32, auto})}
    contenders["plain PyTorch loop"] = PlainLoop().train
    if importlib.util.find_spec("stable_baselines3"):
        contenders["Stable-Baselines3"] = stable_baselines()
    speeds = measure(contenders, rounds)
    packages = ["torch", "numpy", "MinAtar"]
    packages += ["stable-baselines3"] if "Stable-Baselines3" in speeds else []
    print(f"DQN on {TASK}, environment steps/s on one core; {date.today()}, {cpu()}, one thread, ")
    print(
        f"Python {platform.python_version()}, " + ", ".join(f"{p} {version(p)}" for p in packages)
    )
    print(f"\n    python -m benchmarks.agents.dqn {rounds}\n")
    others = [name for name in ("Stable-Baselines3", "plain PyTorch loop") if name in speeds]
    print("| | steps/s |" + "".join(f" × {name} |" for name in others))
    print("|---|---|" + "---|" * len(others))
    for name, speed in speeds.items():
        label = f"{name} (auto)" if name == f"sweeper, P = {auto}" else name
        ratios = "".join(f" {speed / speeds[other]:.2f} |" for other in others)
        print(f"| {label} | {speed:,.0f} |{ratios}")
    products, adam = floor_ms()
    print(
        f"\nFloor of an update: {products:.2f} ms of matrix products + {adam:.2f} ms of Adam; four "
        f"steps with their update take {4e3 / speeds[f'sweeper, P = {auto}']:.2f} ms."
    )


def cpu() -> str:
    """The processor's name, where the system says it."""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
