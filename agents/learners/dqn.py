"""DQN (Mnih et al. 2015) with the settings of Gogianu et al. 2021 (public configurations)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents import streams
from agents.collecting import Collecting
from agents.heads import base as heads
from agents.learners.base import BaseLearner, Sizes
from agents.learners.dqn_parameters import LATER, PARAMETERS
from agents.learners.epsilon_schedule import EpsilonSchedule
from agents.learners.running_means import RunningMeans
from agents.networks import gradient_penalty, network
from agents.networks.gradient_penalty import GradientPenalty
from agents.networks.network import Network
from agents.optim import resets, schedule
from agents.optim.resets import Reset, Resets
from agents.optimisers import base as optimisers
from agents.parameter import Parameter
from agents.replay import prioritised
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.replay.frames import as_floats
from agents.replay.storage import episode_ends
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(BaseLearner):
    """P agents with a Q network each: epsilon-greedy, targets of `n_step` steps, hard syncs."""

    parameters: ClassVar[Mapping[str, Parameter]] = PARAMETERS
    earlier_defaults: ClassVar[Mapping[str, Any]] = {"sn.projection": "hard", "sn.detach_rho": True}
    later_parameters: ClassVar[Collection[str]] = (*BaseLearner.later_parameters, *LATER)
    networks = ("critic",)
    metrics = ("return", "train_return", "loss", "q", "penalty", "epsilon", "eval_partial")
    cpu_pack = 4  # the best of 1 ... 32 or level with it for all published sizes

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where the network does not fit or exploration ends in the warm-up."""
        network.check(params, "network", shape.observation)
        network.check_normalised(params, "network", shape.observation)
        episode_ends.check(params)
        prioritised.check(params)
        depth = network.depth(network.part(params, "network"), shape.observation)
        resets.check(params, {"network": depth})
        if params["sn.scheduler"] == "muleps" and "eps" not in optimisers.find(params).parameters:
            raise ValueError(
                "sn.scheduler=muleps multiplies the optimiser's epsilon, and "
                f"optimizer.kind={params[optimisers.KIND]} has none"
            )
        if params["epsilon.decay_until"] < params["warmup_steps"]:
            raise ValueError(
                "epsilon.decay_until must be at least warmup_steps "
                f"({params['warmup_steps']}), got {params['epsilon.decay_until']}"
            )

    @classmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of the Q network."""
        complete = cls.complete(params)
        observation = cls.shape_of(complete, task).observation
        return network.depth(network.part(complete, "network"), observation)

    @classmethod
    def signature(cls, params: Mapping[str, Any], task: str) -> str:
        """Returns a text that is equal for runs that may share a pack.

        Layers that are computed as one and those of which some are watched do not, as they are
        computed in two ways.
        """
        complete = cls.complete(params)
        observation = cls.shape_of(complete, task).observation
        watched = network.normalised(complete, "network", observation).layers
        split = network.is_split(network.part(complete, "network"), observation, watched)
        return json.dumps([super().signature(params, task), split])

    @classmethod
    def sizes(cls, params: Mapping[str, Any], shape: Shape) -> Sizes:
        """Returns the sizes of the Q network, its target, and a batch's passes through it."""
        sizes = (network.part(params, "network"), shape.observation, shape.actions)
        weights = network.count_parameters(*sizes)
        passes = 2 + gradient_penalty.passes(params)
        activations = passes * network.count_activations(*sizes)
        scratch = heads.find(sizes[0])(sizes[0]).scratch
        return Sizes(weights, weights, params["batch_size"] * (activations + scratch))

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Q networks, their targets and optimisers; hyperparameters as vectors [P]."""
        params = runs[0].params
        self._runs, self._device, self._actions = runs, device, shape.actions
        self._high = shape.high
        self._seeds = [run.seed for run in runs]
        self._warmup: int = params["warmup_steps"]
        self.n_step: int = params["n_step"]
        self._update_every: int = params["update_every"]
        self._target_every: int = params["target.every"]
        self._loss_kind: str | None = params.get("loss")
        observation = shape.observation
        settings = [network.normalised(run.params, "network", observation) for run in runs]
        sizes = (network.part(params, "network"), observation, shape.actions)
        self._online = Network(*sizes, settings, device).train()
        self._target = Network(*sizes, settings, device)
        self._updates = max(1, schedule.count(params, runs[0].steps))
        optimiser = optimisers.find(params)
        members = [optimiser.settings(run.params, self._updates) for run in runs]
        self.optimisers = {"critic": optimiser(self._online.parameters, members)}

        self._gamma = torch.tensor(self._vector("gamma"), device=device).float()[:, None]
        self._evaluation_epsilon = self._vector("evaluation.epsilon")[:, None]
        self._schedule = EpsilonSchedule(
            self._warmup,
            self._vector("epsilon.decay_until"),
            self._vector("epsilon.initial"),
            self._vector("epsilon.final"),
        )
        self._iterates_on_act = self._vector("sn.iterate_on_act").astype(bool)
        self._collecting = Collecting.of(params)
        self._each = len(runs), self._collecting.envs
        keys = streams.keys(self._seeds, "exploration")
        self._exploration = streams.Draws(keys, 2 * self._collecting.envs)
        self._batches = streams.Draws(streams.keys(self._seeds, "batches"), params["batch_size"])
        self._penalty = GradientPenalty.of(
            [run.params for run in runs], self._online, shape.observation, device
        )
        self._projection = self._online.projection(params)
        self._resets = Resets([run.params for run in runs])
        measured = ("loss", "q") if self._penalty is None else ("loss", "q", "penalty")
        self._means = RunningMeans(measured, len(runs), device)

    def initialise(self) -> None:
        """Draws random online networks; targets start equal to them."""
        self._online.initialise(self._seeds)
        self._target.copy_(self._online)
        self._projection.remember()

    def act(self, observations: np.ndarray, step: int) -> np.ndarray:
        """Returns epsilon-greedy actions [P, E].

        A greedy action takes a forward pass, which does a power iteration where
        `sn.iterate_on_act` is true; a random action takes none.
        """
        draws = self._exploration.at(step).reshape(*self._each, 2)
        random = draws[..., 0] < self._schedule.at(step)[:, None] * 2.0**32
        actions: np.ndarray = streams.below(draws[..., 1], self._actions)
        if random.all():
            return actions
        iterating = self._iterates_on_act & ~random.all(axis=1)
        return np.where(random, actions, self._greedy(observations, iterating))

    def evaluate(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Returns actions greedy but for `evaluation.epsilon`; no power iteration."""
        copies = observations.shape[1]
        random = draws[:, :copies] < self._evaluation_epsilon * 2.0**32
        actions = streams.below(draws[:, copies:], self._actions)
        return np.where(random, actions, self._greedy(observations, None))

    def learn(self, replay: Replay, step: int) -> None:
        """Updates `update_times` every `update_every` steps, and syncs targets every `target.every`
        steps, after the updates; before them it draws anew what is due."""
        for one in self._resets.due(step):
            self.reset(one)
        if step < self._warmup:
            return
        if step % self._update_every == 0:
            for _ in range(self._collecting.updates_at_once):
                done = self.optimisers["critic"].steps
                chosen = self._batches.at(done), done / self._updates
                batch = replay.draw(*chosen, self.n_step, self._gamma)
                self.update(batch)
                replay.tell(batch, self.errors)
        if step % self._target_every == 0:
            self._target.copy_(self._online)

    def reset(self, one: Reset) -> None:
        """Draws a member's network and its target anew, and forgets what the optimiser keeps."""
        for net in (self._online, self._target):
            net.initialise([self._seeds[one.row]], [one.stream], [one.row], one.layers)
        self.optimisers["critic"].forget([one.row], self._online.places(one.layers))
        self._projection.remember([one.row], self._online.first(one.layers))

    def update(self, batch: Batch) -> None:
        """Updates the Q network once."""
        readout, y = self._online.readout, self.target_of(batch)
        outputs = self._online(batch.observations, iterate=True, training=True)
        chosen = readout.chosen(outputs, batch.actions)
        each = readout.loss(chosen, y, self._loss_kind)
        loss = (each if batch.weights is None else each * batch.weights).mean(1)
        objective = self._penalised(loss, batch).sum()
        gradients = torch.autograd.grad(objective, self._online.parameters)
        self.record_loss("critic", loss, gradients)
        self.optimisers["critic"].step(*self._online.schedulers.step(gradients))
        self._projection.step()
        self._means.add(loss=loss, q=readout.value(chosen).mean(1))
        self.errors = None if batch.weights is None else readout.errors(chosen.detach(), y)

    def _penalised(self, loss: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Returns the loss [P], with the gradient penalty where there is one."""
        if self._penalty is None:
            return loss
        penalty = self._penalty(self._online, batch.observations, batch.actions)
        self._means.add(penalty=penalty)
        return loss + self._penalty.weight * penalty

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns the values of y = r + gamma * mask * max_a Q_target(s', a), [P, B].

        Where `n_step` is above 1, r and mask are those of `n_step_returns`.
        """
        with torch.no_grad():
            return self._target.readout.mean(self.target_of(batch))

    def target_of(self, batch: Batch) -> torch.Tensor:
        """Returns what the outputs for a batch's actions should stand for."""
        with torch.no_grad():
            readout = self._target.readout
            outputs = self._target(batch.next_observations, iterate=True)
            following = readout.best(outputs)
            return readout.target(batch.rewards, self._gamma * batch.masks, following)

    def _greedy(self, observations: np.ndarray, iterating: np.ndarray | None) -> np.ndarray:
        """argmax_a Q(s, a) [P, E] for observations [P, E, ...]; `iterating` [P] do an iteration."""
        with torch.inference_mode():
            x = as_floats(torch.from_numpy(observations).to(self._device), self._high)
            actions = self._online.values(x, self._iterations(iterating)).argmax(2)
            return actions.cpu().numpy()

    def _iterations(self, iterating: np.ndarray | None) -> torch.Tensor | bool:
        if iterating is None or not iterating.any():
            return False
        if iterating.all():
            return True
        return torch.from_numpy(iterating).to(self._device)

    def network(self, name: str) -> Network:
        """Returns the online Q network."""
        return self._online

    def network_inputs(self, name: str, batch: Batch) -> torch.Tensor:
        """Returns the observations."""
        return batch.observations

    def q_values(self, observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Returns Q(s, a), [P, E]."""
        with torch.inference_mode():
            x = torch.from_numpy(observations).to(self._device)
            q = self._online.values(as_floats(x, self._high))
            chosen = torch.from_numpy(actions).to(self._device)[..., None]
            return q.gather(2, chosen)[..., 0].cpu().numpy()

    def sample(self, replay: Replay, draws: np.ndarray) -> Batch:
        """Returns transitions of `n_step` steps, chosen by 32-bit `draws` [P, B]."""
        return replay.sample(draws, self.n_step, self._gamma)

    def update_from(self, batch: Batch, step: int) -> None:
        """Updates the Q network; nothing is drawn."""
        self.update(batch)

    def measured(self, row: int, step: int) -> dict[str, float]:
        """Returns mean loss, mean Q of the batches' actions, the mean penalty where there is one
        (without its weight), and the current epsilon."""
        return self._means.of_member(row) | {"epsilon": float(self._schedule.at(step)[row])}

    def reset_metrics(self) -> None:
        """Resets the running means."""
        self._means.reset()

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns both networks, what the optimiser keeps, running sums."""
        everyone = range(len(self._runs))
        tensors = [(f"online.{name}", t, rows) for name, t, rows in self._online.tensors()]
        tensors += [(f"target.{name}", t, rows) for name, t, rows in self._target.tensors()]
        optimiser = self.optimisers["critic"]
        kept = optimiser.tensors()
        tensors += [(f"{optimiser.kept_as}.{name}", t, everyone) for name, t in kept]
        norms = enumerate(self._projection.norms)
        tensors += [(f"norms.{place}", t, everyone) for place, t in norms]
        return [*tensors, ("sums", self._means.sums, everyone)]

    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns the online network: `0.weight` [in, out], `0.bias` [out], ... from the input."""
        return self._online.tensors()

    @property
    def counters(self) -> dict[str, int]:
        """Updates done, and updates in the running sums."""
        return {"updates": self.optimisers["critic"].steps, **self._means.counts}

    @counters.setter
    def counters(self, counters: dict[str, int]) -> None:
        self.optimisers["critic"].steps = counters["updates"]
        self._means.counts = {name: counters[name] for name in self._means.names}

    def _vector(self, name: str) -> np.ndarray:
        return np.array([float(run.params[name]) for run in self._runs])
