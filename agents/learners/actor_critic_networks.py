"""The networks of actor-critic learners, their sizes, targets and optimisers."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from agents.contract import Run
from agents.features import base as features
from agents.learners.actor_critic_parameters import (
    FEATURES_LOSS,
    LATER,
    layers_parameter,
)
from agents.learners.base import BaseLearner, Sizes
from agents.networks import network
from agents.networks.described import Described
from agents.networks.encoder import Part
from agents.networks.ensemble import Ensemble, Rows
from agents.optim import losses, resets, schedule
from agents.optim.resets import Reset, Resets
from agents.optim.target_average import TargetAverage
from agents.optimisers import base as optimisers
from agents.optimisers.base import BaseOptimiser
from agents.policies import base as policies
from agents.policies.base import ACTOR
from agents.replay import prioritised
from agents.replay.storage import episode_ends
from agents.shape import Shape

_PASSES = 3  # online, target, and the gradient's way back


class ActorCriticNetworks(BaseLearner):
    """A learner with an actor, `critics` critics and perhaps others that give values."""

    policy_kind: ClassVar[str] = "deterministic"
    """The policy where no parameter says it."""
    networks: ClassVar[Sequence[str]] = ("actor", "critic")
    """All but the actor give values, and are described by `critic.*`; a policy may have more."""
    with_targets: ClassVar[Sequence[str]] = ("critic",)
    """The networks that have targets, where `target.networks` is true."""
    encoders: ClassVar[Mapping[str, Sequence[str]]] = {}
    """The parts of an encoder that learn with each network, by its name."""
    later_parameters: ClassVar[Collection[str]] = (*BaseLearner.later_parameters, *LATER)

    @classmethod
    def check(cls, params: Mapping[str, Any], task: str) -> None:
        """Raises ValueError where a parameter or the task is not valid; first of all where features
        or policy are unknown, as other parameters belong to them."""
        features.find(params)
        cls.policy_of(cls.complete(params))
        super().check(params, task)

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where networks do not fit the task, or parameters each other."""
        features.check(params, shape)
        own = cls.policy_of(params).networks(params, cls.widths(params, shape)[0], shape.actions)
        policies.check_networks(params, own, cls.beside_policy())
        described = cls.described(params, shape)
        for one in described.values():
            network.check(params, one.prefix, (one.inputs,))
            if (layers := layers_parameter(one.prefix)) in params:
                network.check_normalised(params, one.prefix, (one.inputs,), layers)
        resets.check(params, {n: cls._depth(params, one) for n, one in described.items()})
        episode_ends.check(params)
        losses.check(params)
        prioritised.check(params)
        policies.check(params, cls.parameters)

    @classmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of a critic."""
        return cls.layers_of(layers_parameter("critic"), params, task)

    @classmethod
    def layers_of(cls, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of the actor for `actor.*`, else of a critic."""
        name = ACTOR if parameter.startswith("actor.") else "critic"
        complete = cls.complete(params)
        return cls._depth(complete, cls.described(complete, cls.shape_of(complete, task))[name])

    @staticmethod
    def _depth(params: Mapping[str, Any], one: Described) -> int:
        return network.depth(network.part(params, one.prefix), (one.inputs,))

    @classmethod
    def signature(cls, params: Mapping[str, Any], task: str) -> str:
        """Returns a text that is equal for runs that may share a pack.

        Plain perceptrons and those with normalised layers do not, as they are computed in two ways.
        """
        complete = cls.complete(params)
        shape = cls.shape_of(complete, task)
        apart = []
        for name in ("actor", "critic"):
            read = (cls.inputs(name, complete, shape),)
            fused = network.may_be_fused(network.part(complete, name), read)
            apart.append(fused and bool(complete[layers_parameter(name)]))
        kind = features.find(complete)
        told = [] if kind is None else [kind.told(complete, task, shape)]
        return json.dumps([super().signature(params, task), apart, *told])

    @classmethod
    def diagnosed(cls, params: Mapping[str, Any]) -> list[str]:
        """Returns the metrics that `diagnostics` add, and the loss of features where there are."""
        learned = [] if features.find(params) is None else [FEATURES_LOSS]
        return [*learned, *super().diagnosed(params)]

    @classmethod
    def sizes(cls, params: Mapping[str, Any], shape: Shape) -> Sizes:
        """Returns the sizes of all networks and of a batch's passes through them.

        Networks learn one after another. The fused perceptrons' gradients of weights are copied.
        """
        kind = features.find(params)
        beside = features.Counts(0, 0, 0) if kind is None else kind.counts(params, shape)
        trained = targets = activations = gradients = of_policy = 0
        averaged = cls.target_networks(params)
        for name, one in cls.described(params, shape).items():
            read = (one.inputs,)
            sizes = network.part(params, one.prefix), read, one.outputs
            copies = params["critics"] if name == "critic" else 1
            learned = copies * network.count_parameters(*sizes)
            trained += learned
            targets += learned if name in averaged else 0
            activations += copies * network.count_activations(*sizes)
            held = 2 if network.may_be_fused(sizes[0], read) else 1
            of_policy += 0 if cls._gives_values(name) else held * learned
            gradients = max(gradients, held * learned, of_policy)
        passes = _PASSES * params["batch_size"] * activations + beside.passes
        gradients = max(gradients, beside.trained)
        return Sizes(trained + beside.trained, targets + beside.targets, passes, gradients)

    @classmethod
    def widths(cls, params: Mapping[str, Any], shape: Shape) -> tuple[int, int]:
        """Returns how many numbers networks read for a state, and for a state with an action."""
        kind, numbers = features.find(params), math.prod(shape.observation)
        return (numbers, numbers + shape.actions) if kind is None else kind.widths(params, shape)

    @classmethod
    def inputs(cls, name: str, params: Mapping[str, Any], shape: Shape) -> int:
        """Returns how many numbers a network reads; a critic reads actions too."""
        return cls.described(params, shape)[name].inputs

    @classmethod
    def policy_of(cls, params: Mapping[str, Any]) -> type[policies.BasePolicy]:
        """Returns the policy that `policy` names, or the learner's own."""
        return policies.find(params, cls.policy_kind)

    @classmethod
    def beside_policy(cls) -> list[str]:
        """Returns the names of the networks that give values, and of the encoder's parts."""
        parts = [part for name in cls.networks for part in cls.encoders.get(name, ())]
        return [*(name for name in cls.networks if name != ACTOR), *parts]

    @classmethod
    def described(cls, params: Mapping[str, Any], shape: Shape) -> dict[str, Described]:
        """Returns all networks by name: the policy's, then those that give values."""
        states, pairs = cls.widths(params, shape)
        found = dict(cls.policy_of(params).networks(params, states, shape.actions))
        for name in cls.networks:
            if name != ACTOR:
                read = pairs if name == "critic" else states
                found[name] = Described(read, 1, "critic")
        return found

    @classmethod
    def target_networks(cls, params: Mapping[str, Any]) -> list[str]:
        """Returns the names of the networks that have a target of their own."""
        averaged = ["actor"] if params.get("target.actor") == "ema" else []
        return [*cls.with_targets, *averaged] if params["target.networks"] else []

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, targets and optimisers for `runs`; a network without target is its own."""
        self.runs, self.shape, self.device = runs, shape, device
        self._members = [self.complete(run.params) for run in runs]
        self.params: Mapping[str, Any] = self._members[0]
        kind = features.find(self.params)
        self.features = None if kind is None else kind(runs, self._members, shape, device)
        self.predicts = self.features is not None
        self._described = self.described(self.params, shape)
        self.nets = {name: self._ensemble(name).train() for name in self._described}
        parts = [part for name in self.networks for part in self.encoders.get(name, ())]
        self.encoder = {part: self.encoder_part(part).train() for part in parts}
        own = self.target_networks(self.params)
        self.targets = {n: self._ensemble(n) if n in own else net for n, net in self.nets.items()}
        self.target_encoder = {
            n: self.encoder_part(n) if n in own else part for n, part in self.encoder.items()
        }
        self.learned: dict[str, Rows] = {**self.nets, **self.encoder}
        self.averaged: dict[str, Rows] = {**self.targets, **self.target_encoder}
        self._averages = [self._average(name) for name in own]
        self.optimisers = {name: self._optimiser(name) for name in self.learned}
        self.projections = {n: net.net.projection(self.params) for n, net in self.learned.items()}
        self.resets = Resets(self._members)

    def learning_with(self, name: str) -> Sequence[str]:
        """Returns the network's name, and those of what learns with it: parts of an encoder, and
        with the actor the other networks of the policy."""
        others = [n for n in self.nets if n not in self.networks] if name == ACTOR else []
        return (name, *others, *self.encoders.get(name, ()))

    def encoder_part(self, name: str) -> Part:
        """Returns a blank part of an encoder, one of `encoders`."""
        raise NotImplementedError(name)

    def _ensemble(self, name: str) -> Ensemble:
        params, members, one = self.params, len(self.runs), self._described[name]
        copies = params["critics"] if name == "critic" else 1
        sizes = network.part(params, one.prefix), one.inputs, one.outputs
        layers = layers_parameter(one.prefix)
        settings = [
            network.normalised(member, one.prefix, (one.inputs,), layers)
            for member in self._members
            if layers in params
        ]
        rows = members, copies
        return Ensemble(*sizes, rows, self.device, one.head_gain, settings or None)

    def _average(self, name: str) -> TargetAverage:
        net, target = self.learned[name], self.averaged[name]
        taus = net.spread(float(run.params["target.tau"]) for run in self.runs)
        return TargetAverage(target.tracked, net.tracked, taus)

    def _optimiser(self, name: str) -> BaseOptimiser:
        updates = self.updates_of(name, self.params, self.runs[0].steps)
        lr = "critic.lr" if self._gives_values(name) else "actor.lr"
        optimiser = optimisers.find(self.params)
        settings = [optimiser.settings(run.params, updates, lr) for run in self.runs]
        return optimiser(self.learned[name].parameters, self.learned[name].spread(settings))

    @classmethod
    def _gives_values(cls, name: str) -> bool:
        """Returns whether a network or an encoder's part learns with those that give values."""
        values = [network for network in cls.networks if network != ACTOR]
        return name in values or any(name in cls.encoders.get(n, ()) for n in values)

    @classmethod
    def updates_of(cls, name: str, params: Mapping[str, Any], steps: int) -> int:
        """Returns how many updates a network has in a run of `steps` steps."""
        updates = schedule.count(params, steps)
        if cls._gives_values(name):
            return updates
        return updates // int(params.get("policy.delay", 1)) * int(params["actor.steps"])

    def initialise(self) -> None:
        """Draws random networks; targets start equal to them."""
        if self.features is not None:
            self.features.initialise()
        for name, net in self.learned.items():
            net.initialise([run.seed for run in self.runs], name)
            if self.averaged[name] is not net:
                self.averaged[name].net.copy_(net.net)
            self.projections[name].remember()

    def reset(self, one: Reset) -> None:
        """Draws a member's networks and their targets anew, and forgets what optimisers keep.

        An encoder is drawn with whole networks alone, and features never.
        """
        for name, net in self.learned.items():
            if name in self.encoder and one.layers is not None:
                continue
            drawn = [self.runs[one.row].seed], f"{one.stream}{name}", one.row, one.layers
            for rows in (net, self.averaged[name]):
                rows.initialise(*drawn)
            rows_of_member = net.rows(one.row)
            self.optimisers[name].forget(rows_of_member, net.net.places(one.layers))
            self.projections[name].remember(rows_of_member, net.net.first(one.layers))

    def update_targets(self) -> None:
        """Moves every target towards its network by tau (Polyak averaging)."""
        for average in self._averages:
            average.step()
