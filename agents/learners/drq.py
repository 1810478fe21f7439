"""DrQ with SAC (Kostrikov et al. 2020), the agent of Bjorck et al. 2021: learning from pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from agents import streams
from agents.layers.base import INITS
from agents.learners import sac
from agents.learners.base import Sizes
from agents.networks import encoder, heads
from agents.networks.encoder import Convolutions, Part, Trunk
from agents.optim import losses
from agents.parameter import Parameter
from agents.replay import random_shift
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.replay.random_shift import RandomShift
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(sac.Learner):
    """P agents that see images: SAC on an encoder's features, with randomly shifted views.

    Convolutions learn with the critic alone; the actor reads what they give and has a trunk of its
    own. Images are [H, W, C].
    """

    images = True
    encoders: ClassVar[Mapping[str, Sequence[str]]] = {
        "critic": ("critic_trunk", "convolutions"),
        "actor": ("actor_trunk",),
    }
    with_targets = ("critic", "critic_trunk", "convolutions")
    parameters: ClassVar[Mapping[str, Parameter]] = {
        **sac.Learner.parameters,
        **heads.PARAMETERS,
        **encoder.PARAMETERS,
        **random_shift.PARAMETERS,
        "actor.units": Parameter(int, 1024, low=1, listed=True),
        "critic.units": Parameter(int, 1024, low=1, listed=True),
        "actor.init": Parameter(str, "orthonormal", choices=INITS),
        "critic.init": Parameter(str, "orthonormal", choices=INITS),
        "actor.lr": Parameter(float, 1e-3, low=0.0, packable=True),
        "critic.lr": Parameter(float, 1e-3, low=0.0, packable=True),
        "policy.delay": Parameter(int, 2, low=1),
        "policy.log_std_bound": Parameter(str, "tanh", choices=("clamp", "tanh")),
        "entropy.beta": Parameter(float, 0.1, low=0.0, packable=True),
        "entropy.lr": Parameter(float, 1e-3, low=0.0, packable=True),
        "entropy.target": Parameter(float, -1.0, packable=True),
        "target.tau": Parameter(float, 0.01, low=0.0, high=1.0, packable=True),
        "target.every": Parameter(int, 2, low=1),
        "batch_size": Parameter(int, 512, low=1),
        "replay.capacity": Parameter(int, 100_000, low=2),
        "warmup_steps": Parameter(int, 1_000, low=2),
        "env.repeat": Parameter(int, 2, low=1),
        "env.stack": Parameter(int, 3, low=1),
    }

    @classmethod
    def complete(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all parameters, with the head's bodies where no others are given."""
        return heads.resolved(super().complete(params))

    @classmethod
    def check(cls, params: Mapping[str, Any], task: str) -> None:
        """Raises ValueError where a parameter or the task is not valid.

        First without repetition and stack, which tasks without images may not take: they are
        refused for that they have none.
        """
        super().check({**params, "env.repeat": 1, "env.stack": 1}, task)
        super().check(params, task)

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where encoder, images and augmentation do not fit each other."""
        encoder.check(params, shape)
        random_shift.check(params, shape)
        super().check_together(params, shape)

    @classmethod
    def widths(cls, params: Mapping[str, Any], shape: Shape) -> tuple[int, int]:
        """Returns how many features stand for images, and these with an action's numbers."""
        features = int(params["encoder.features"])
        return features, features + shape.actions

    @classmethod
    def sizes(cls, params: Mapping[str, Any], shape: Shape) -> Sizes:
        """Returns the sizes of heads, trunks and convolutions, and of a batch's passes."""
        heads_alone = super().sizes(params, shape)
        convolutions, trunk = encoder.counts(params, shape)
        views = params["augmentation.views"]
        images = views * params["batch_size"] * encoder.count_activations(params, shape)
        return Sizes(
            heads_alone.trained + convolutions + 2 * trunk,
            heads_alone.targets + convolutions + trunk,
            views * heads_alone.passes + images,
            (heads_alone.gradients or 0) + convolutions + trunk,
        )

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, encoders and the shifts of images."""
        super().__init__(runs, shape, device)
        self.views: int = self.params["augmentation.views"]
        self.loss = losses.Loss([run.params for run in runs], device, self.views)
        self._shift = self._shifts("augmentation")

    @property
    def noises_in_targets(self) -> int:
        """One for each view of the next states."""
        return super().noises_in_targets * int(self.params["augmentation.views"])

    def _shifts(self, purpose: str) -> RandomShift:
        keys = streams.keys([run.seed for run in self.runs], purpose)
        return RandomShift(keys, self.params["augmentation.pad"], 2 * self.views)

    def encoder_part(self, name: str) -> Part:
        """Returns blank convolutions, or a blank trunk."""
        part = Convolutions if name == "convolutions" else Trunk
        return Part(part(self.params, self.shape, len(self.runs), self.device))

    def read(self, name: str, observations: torch.Tensor, target: bool = False) -> torch.Tensor:
        """Returns the features that `name` reads of images, [P, B, H, W, C] -> [P, B, features]."""
        parts = self.target_encoder if target else self.encoder
        return parts[f"{name}_trunk"](parts["convolutions"](observations))

    def transitions(self, replay: Replay, update: int) -> Batch:
        """Returns an update's batch, with views of its images, [P, views B, H, W, C]."""
        drawn = self.drawn(replay, update, floats=False)
        return self._viewed(drawn, self._shift, update)

    def update_from(self, batch: Batch, step: int) -> None:
        """Updates all networks, also those whose updates are delayed."""
        self.updates = 0
        viewed = self._viewed(batch, self._shifts("diagnostics/augmentation"), step)
        self.update(viewed, *self.draws.probe_noise(batch.rewards.shape[1], step))

    def _viewed(self, batch: Batch, shift: RandomShift, counter: int) -> Batch:
        views = [
            torch.cat([shift(images, counter, first + view) for view in range(self.views)], dim=1)
            for first, images in ((0, batch.observations), (self.views, batch.next_observations))
        ]
        seen, following = map(self._floats, views)
        return replace(batch, observations=seen, next_observations=following)

    def _floats(self, images: torch.Tensor) -> torch.Tensor:
        return images if images.is_floating_point() else images.float().div_(self.shape.high)

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m V(s'), V the mean over views v of min_j Q'_j(v(s'), a') - beta log pi;
        Q moves towards y at each view of s; every `policy.delay` updates the actor ascends
        min_j Q_j(s, a) - beta log pi(a|s) at the first view, and convolutions stay as they are."""
        of_targets, of_actor = self.noises_by_use(noise)
        joined = [torch.cat(tuple(of_targets), dim=1)] if of_targets else []
        self.update_critic(batch, self.critic_target(batch, *joined))
        if self.updates % self.params["policy.delay"] == 0:
            for drawn in of_actor:
                self._update_at_first_view(batch, drawn)
        if self.updates % self.params["target.every"] == 0:
            self.update_targets()

    def next_values(self, batch: Batch, noise: torch.Tensor | None) -> torch.Tensor:
        """Returns the soft values [P, B] of the next states, each the mean over its views."""
        seen = self.read("actor", batch.next_observations)
        actions, log_prob = self.next_actions(seen, noise)
        features = self.read("critic", batch.next_observations, target=True)
        values = self.min_q(features, actions, target=True) - self.temperature.beta * log_prob
        return values.view(len(values), self.views, -1).mean(1)

    def update_critic(self, batch: Batch, y: torch.Tensor) -> None:
        """Takes a gradient step of critics and convolutions towards y [P, B] at every view."""
        features = self.read("critic", batch.observations)
        read = self.pairs(features, batch.actions.repeat(1, self.views, 1))
        weights = None if batch.weights is None else batch.weights.repeat(1, self.views)
        self.update_critic_at(batch, read, y.repeat(1, self.views), weights)

    def _update_at_first_view(self, batch: Batch, noise: torch.Tensor | None) -> None:
        """Takes a step of actor and temperature; no gradient reaches the convolutions."""
        with torch.no_grad():
            maps = self.encoder["convolutions"](batch.observations[:, : batch.rewards.shape[1]])
            features = self.encoder["critic_trunk"](maps)
        self.update_policy(self.encoder["actor_trunk"](maps), features, noise)

    def network_inputs(self, name: str, batch: Batch) -> torch.Tensor:
        """Returns features, and for a critic actions beside them."""
        with torch.no_grad():
            return super().network_inputs(name, batch)

    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns convolutions, the actor's trunk and the actor, from the images on."""
        parts = ("convolutions", "actor_trunk", "actor")
        found = [(p, *named) for p in parts for named in self.learned[p].net.tensors()]
        before = [(f"{part}.{name}", tensor, rows) for part, name, tensor, rows in found]
        return [*before, *self.acting_beside()]
