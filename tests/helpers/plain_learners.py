"""Every actor-critic algorithm for one agent, written from its box with torch.nn, in float64."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal

State = Mapping[str, np.ndarray]


def mlp(
    state: State, name: str, copy_: int, activation: str = "relu", norm: str = "none"
) -> nn.Sequential:
    """The network `name` of a saved state, whose weights are [C, in, out]."""
    layers: list[nn.Module] = []
    place = 0
    while f"{name}.{place}.weight" in state:
        weight = torch.from_numpy(state[f"{name}.{place}.weight"][copy_]).double()
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data.copy_(weight.T)
        linear.bias.data.copy_(torch.from_numpy(state[f"{name}.{place}.bias"][copy_]))
        normal = nn.LayerNorm(weight.shape[1], elementwise_affine=False, dtype=torch.float64)
        layers += [linear, normal if norm == "layer" else nn.Identity()]
        layers.append(nn.SiLU() if activation == "swish" else nn.ReLU())
        place += 1
    return nn.Sequential(*layers[:-2])


class Plain:
    """One agent that begins where a saved state is; `b` is a batch of one agent, in float64."""

    def __init__(self, params: Mapping[str, Any], state: State, actions: int) -> None:
        self.p, self.n, self.updates = params, actions, 0
        kinds = {
            n: (params[f"{n}.activation"], params[f"{n}.norm.kind"]) for n in ("actor", "critic")
        }
        self.actor = mlp(state, "actor", 0, *kinds["actor"])
        self.critics = [mlp(state, "critic", i, *kinds["critic"]) for i in range(params["critics"])]
        valued = "value.0.weight" in state
        self.value = mlp(state, "value", 0, *kinds["critic"]) if valued else None
        self.targets = {"critic": self.critics, "actor": [self.actor], "value": [self.value]}
        if params["target.networks"]:
            ema = params.get("target.actor") == "ema"
            followed = ["value"] if self.value else ["critic", *(["actor"] if ema else [])]
            self.targets |= {name: copy.deepcopy(self.targets[name]) for name in followed}
        self.of_log = params.get("entropy.of") != "linear"
        beta = torch.tensor(float(params.get("entropy.beta", 1.0))).double()
        self.learned_beta = (beta.log() if self.of_log else beta).requires_grad_()
        critics = [p for critic in self.critics for p in critic.parameters()]
        self.actor_adam = self.adam(self.actor.parameters(), "actor")
        self.critic_adam = self.adam(critics, "critic")
        self.value_adam = self.adam(self.value.parameters(), "critic") if self.value else None
        self.beta_adam = torch.optim.Adam([self.learned_beta], params.get("entropy.lr", 1e-3))

    def adam(self, parameters: Any, name: str) -> torch.optim.Adam:
        p = self.p
        betas = p["optimizer.beta1"], p["optimizer.beta2"]
        return torch.optim.Adam(parameters, p[f"{name}.lr"], betas, p["optimizer.eps"])

    def q(self, critics: Any, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        pair = torch.cat((s, a), dim=1)
        return torch.stack([critic(pair)[:, 0] for critic in critics])

    def min_q(self, critics: Any, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return self.q(critics, s, a).min(0).values

    def descend(self, adam: Any, loss: torch.Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        adam.step()

    def loss(self, q: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        huber = self.p["loss"] == "huber"
        each = nn.HuberLoss(reduction="none")(q, y) if huber else (q - y) ** 2
        alpha, beta = self.p["asymmetry.alpha"], self.p["asymmetry.beta"]
        if alpha is not None:
            beta = 1 - alpha if beta is None else beta
            each = alpha * each * (q > y) + beta * each * (q < y)
        return each.mean()

    def update_critic(self, b: Any, next_values: torch.Tensor) -> None:
        """All critics towards c r + gamma m v."""
        y = self.p["reward_scale"] * b.rewards + self.p["gamma"] * b.masks * next_values
        pair = torch.cat((b.observations, b.actions), dim=1)
        losses = [self.loss(critic(pair)[:, 0], y.detach()) for critic in self.critics]
        self.descend(self.critic_adam, sum(losses))

    def update_targets(self) -> None:
        online = {"critic": self.critics, "actor": [self.actor], "value": [self.value]}
        for name, nets in online.items():
            for mine, theirs in zip(self.targets[name], nets, strict=True):
                if mine is theirs:
                    continue
                for target, source in zip(mine.parameters(), theirs.parameters(), strict=True):
                    tau = self.p["target.tau"]
                    target.data = (1 - tau) * target.data + tau * source.data

    def noisy(self, mean: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        if noise is None:
            return mean
        std, clip = self.p["smoothing.std"], self.p["smoothing.clip"]
        std = self.p["policy.std"] if std is None else std
        noise = std * noise if clip is None else (std * noise).clamp(-clip, clip)
        return (mean + noise).clamp(-1, 1)

    def objective(self, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """Of the critics what the actor climbs."""
        values, kind = self.q(self.critics, s, a), self.p["actor.objective"]
        if kind == "first":
            return values[0]
        return values.mean(0) if kind == "mean" else values.min(0).values

    def by_use(self, noise: Any) -> tuple[Any, list[Any]]:
        """An update's noise in targets, and that of each of the actor's steps; `None` for none."""
        places = self.p.get("policy.noise_in", ("targets", "actor"))
        left = list(noise)
        of_targets = left.pop(0) if "targets" in places else None
        steps = self.p["actor.steps"]
        assert len(left) == (steps if "actor" in places else 0)
        return of_targets, left or [None] * steps

    def pi(self, s: torch.Tensor, noise: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """An action of the stochastic policy, and the logarithm of its density."""
        out = self.actor(s)
        if self.p.get("policy") == "deterministic":
            return self.noisy(out.tanh(), noise), torch.zeros(len(s))
        mean, log_std = out[:, : self.n], out[:, self.n :]
        low, high = self.p["policy.log_std_low"], self.p["policy.log_std_high"]
        std = log_std.clamp(low, high).exp()
        z = mean + std * noise
        log_prob = Normal(mean, std).log_prob(z) - torch.log(1 - z.tanh() ** 2)
        return z.tanh(), log_prob.sum(1)

    def ddpg(self, b: Any, *noise: torch.Tensor) -> None:
        of_targets, of_actor = self.by_use(noise)
        self.updates += 1
        (actor,) = self.targets["actor"]
        with torch.no_grad():
            s = b.next_observations
            actions = self.noisy(actor(s).tanh(), of_targets)
            next_values = self.min_q(self.targets["critic"], s, actions)
        self.update_critic(b, next_values)
        if self.updates % self.p["policy.delay"]:
            return
        for drawn in of_actor:
            actions = self.noisy(self.actor(b.observations).tanh(), drawn)
            self.descend(self.actor_adam, -self.objective(b.observations, actions).mean())
        self.update_targets()

    td2 = td2_public = td3 = ddpg

    def sac(self, b: Any, *noise: torch.Tensor, soft: bool = True) -> None:
        of_targets, of_actor = self.by_use(noise)
        with torch.no_grad():
            actions, log_prob = self.pi(b.next_observations, of_targets)
            v = self.min_q(self.targets["critic"], b.next_observations, actions)
        self.update_critic(b, v - self.beta() * log_prob if soft else v)
        for drawn in of_actor:
            actions, log_prob = self.pi(b.observations, drawn)
            q = self.objective(b.observations, actions)
            self.descend(self.actor_adam, (self.beta() * log_prob - q).mean())
            if self.p["entropy.auto"]:
                entropy = self.p["entropy.target"] * self.n
                lack = (-log_prob.detach() - entropy).mean()
                beta = self.learned_beta
                self.descend(self.beta_adam, (beta.exp() if self.of_log else beta) * lack)
        self.update_targets()

    def beta(self) -> Any:
        learned = self.learned_beta.detach()
        if not self.p["entropy.auto"]:
            return self.p["entropy.beta"]
        return learned.exp() if self.of_log else learned.clone()

    def sac_lite(self, b: Any, *noise: torch.Tensor) -> None:
        self.sac(b, *noise, soft=False)

    def sac_v1(self, b: Any, *noise: torch.Tensor) -> None:
        actions, log_prob = self.pi(b.observations, noise[0])
        with torch.no_grad():
            v = self.min_q(self.critics, b.observations, actions) - log_prob
            (target,) = self.targets["value"]
            next_values = target(b.next_observations)[:, 0]
        self.update_critic(b, next_values)
        assert self.value is not None
        self.descend(self.value_adam, self.loss(self.value(b.observations)[:, 0], v))
        for drawn in noise:
            actions, log_prob = self.pi(b.observations, drawn)
            self.descend(
                self.actor_adam, (log_prob - self.objective(b.observations, actions)).mean()
            )
        self.update_targets()
