"""The networks of actor-critic learners, their sizes, targets and optimisers."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from agents.contract import Run
from agents.features import base as features
from agents.layers.base import ORTHOGONAL_GAIN
from agents.learners.actor_critic_parameters import (
    FEATURES_LOSS,
    LATER,
    check_n_step,
    layers_parameter,
    parameter_prefix,
)
from agents.learners.base import BaseLearner, Sizes
from agents.networks import network
from agents.networks.encoder import Part
from agents.networks.ensemble import Ensemble, Rows
from agents.optim import losses, schedule
from agents.optim.target_average import TargetAverage
from agents.optimisers import base as optimisers
from agents.optimisers.base import BaseOptimiser
from agents.policies import POLICIES, base
from agents.replay import prioritised
from agents.shape import Shape

_PASSES = 3  # online, target, and the gradient's way back


class ActorCriticNetworks(BaseLearner):
    """A learner with an actor, `critics` critics and perhaps others that give values."""

    policy_kind: ClassVar[str] = "deterministic"
    """The policy where no parameter says it."""
    networks: ClassVar[Sequence[str]] = ("actor", "critic")
    """All but the actor give values, and are described by `critic.*`."""
    with_targets: ClassVar[Sequence[str]] = ("critic",)
    """The networks that have targets, where `target.networks` is true."""
    encoders: ClassVar[Mapping[str, Sequence[str]]] = {}
    """The parts of an encoder that learn with each network, by its name."""
    later_parameters: ClassVar[Collection[str]] = (*BaseLearner.later_parameters, *LATER)

    @classmethod
    def check(cls, params: Mapping[str, Any], task: str) -> None:
        """Raises ValueError where a parameter or the task is not valid, features first."""
        features.find(params)
        super().check(params, task)

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where networks do not fit the task, or parameters each other."""
        features.check(params, shape)
        for name in cls.networks:
            described = params, parameter_prefix(name), (cls.inputs(name, params, shape),)
            network.check(*described)
            network.check_normalised(*described, layers_parameter(name))
        check_n_step(params)
        losses.check(params)
        prioritised.check(params)
        base.check(params)

    @classmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of a critic."""
        return cls.layers_of(layers_parameter("critic"), params, task)

    @classmethod
    def layers_of(cls, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """Returns the number of parametric layers of the actor for `actor.*`, else of a critic."""
        name = "actor" if parameter.startswith("actor.") else "critic"
        complete = cls.complete(params)
        observation = (cls.inputs(name, complete, cls.shape_of(complete, task)),)
        return network.depth(network.part(complete, name), observation)

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
        trained = targets = activations = gradients = 0
        averaged = cls.target_networks(params)
        for name in cls.networks:
            outputs = cls.outputs(params, shape) if name == "actor" else 1
            read = (cls.inputs(name, params, shape),)
            sizes = network.part(params, parameter_prefix(name)), read, outputs
            copies = params["critics"] if name == "critic" else 1
            learned = copies * network.count_parameters(*sizes)
            trained += learned
            targets += learned if name in averaged else 0
            activations += copies * network.count_activations(*sizes)
            held = 2 if network.may_be_fused(sizes[0], read) else 1
            gradients = max(gradients, held * learned)
        passes = _PASSES * params["batch_size"] * activations + beside.passes
        gradients = max(gradients, beside.trained)
        return Sizes(trained + beside.trained, targets + beside.targets, passes, gradients)

    @classmethod
    def inputs(cls, name: str, params: Mapping[str, Any], shape: Shape) -> int:
        """Returns how many numbers a network reads; a critic reads actions too."""
        kind, numbers = features.find(params), math.prod(shape.observation)
        widths = numbers, numbers + shape.actions
        states, pairs = widths if kind is None else kind.widths(params, shape)
        return pairs if name == "critic" else states

    @classmethod
    def outputs(cls, params: Mapping[str, Any], shape: Shape) -> int:
        """Returns how many numbers the actor gives."""
        return POLICIES[params.get("policy", cls.policy_kind)].outputs(shape.actions)

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
        self.nets = {name: self._ensemble(name).train() for name in self.networks}
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

    def learning_with(self, name: str) -> Sequence[str]:
        """Returns the network's name, and those of the encoder's parts that learn with it."""
        return (name, *self.encoders.get(name, ()))

    def encoder_part(self, name: str) -> Part:
        """Returns a blank part of an encoder, one of `encoders`."""
        raise NotImplementedError(name)

    def _ensemble(self, name: str) -> Ensemble:
        params, members = self.params, len(self.runs)
        copies = params["critics"] if name == "critic" else 1
        outputs = self.outputs(params, self.shape) if name == "actor" else 1
        prefix, read = parameter_prefix(name), self.inputs(name, params, self.shape)
        settings = [
            network.normalised(member, prefix, (read,), layers_parameter(name))
            for member in self._members
        ]
        sizes = network.part(params, prefix), read, outputs
        gain = 1.0 if name == "actor" else ORTHOGONAL_GAIN
        return Ensemble(*sizes, (members, copies), self.device, gain, settings)

    def _average(self, name: str) -> TargetAverage:
        net, target = self.learned[name], self.averaged[name]
        taus = net.spread(float(run.params["target.tau"]) for run in self.runs)
        return TargetAverage(target.tracked, net.tracked, taus)

    def _optimiser(self, name: str) -> BaseOptimiser:
        updates = self.updates_of(name, self.params, self.runs[0].steps)
        lr = f"{parameter_prefix(name)}.lr"
        optimiser = optimisers.find(self.params)
        settings = [optimiser.settings(run.params, updates, lr) for run in self.runs]
        return optimiser(self.learned[name].parameters, self.learned[name].spread(settings))

    @classmethod
    def updates_of(cls, name: str, params: Mapping[str, Any], steps: int) -> int:
        """Returns how many updates a network has in a run of `steps` steps."""
        delay = params.get("policy.delay", 1) if parameter_prefix(name) == "actor" else 1
        return schedule.count(params, steps) // int(delay)

    def initialise(self) -> None:
        """Draws random networks; targets start equal to them."""
        if self.features is not None:
            self.features.initialise()
        for name, net in self.learned.items():
            net.initialise([run.seed for run in self.runs], name)
            if self.averaged[name] is not net:
                self.averaged[name].net.copy_(net.net)

    def update_targets(self) -> None:
        """Moves every target towards its network by tau (Polyak averaging)."""
        for average in self._averages:
            average.step()
