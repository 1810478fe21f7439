"""An agent that trains nothing, for tests of spaces and plans."""

from __future__ import annotations

from typing import ClassVar

from agents.parameter import Parameter


class Fake:
    """Layers are convolutions and two more; hidden 13 is refused."""

    parameters: ClassVar = {
        "network.convs": Parameter(tuple, (16,), low=1),
        "network.hidden": Parameter(int, 128, low=1),
        "sn.layers": Parameter(tuple, (), packable=True),
        "optimizer.lr": Parameter(float, 2.5e-4, low=0.0, high=10.0, packable=True),
        "optimizer.eps": Parameter(float, 1e-8, low=0.0, packable=True),
        "loss": Parameter(str, "mse", choices=("mse", "huber")),
        "clip": Parameter(bool, False),
        "limit": Parameter(int, None),
    }
    metrics = ("return", "loss")
    packs = True

    @classmethod
    def tasks(cls):
        return ("minatar/breakout", "minatar/asterix")

    @classmethod
    def check(cls, params, task):
        if params["network.hidden"] == 13:
            raise ValueError("network.hidden 13 brings bad luck")

    @classmethod
    def layers(cls, params, task):
        return len(params["network.convs"]) + 2

    @classmethod
    def signature(cls, params, task):
        return task

    @classmethod
    def pack_size(cls, params, task, device):
        return 1

    @classmethod
    def start(cls, runs, states, device):
        raise NotImplementedError


class Rich(Fake):
    """One with parameters that depend on each other: group norm must divide the units."""

    parameters: ClassVar = {
        **Fake.parameters,
        "optimizer": Parameter(str, "adam", choices=("adam", "sgd", "rmsprop")),
        "optimizer.momentum": Parameter(float, 0.0, low=0.0, high=1.0, packable=True),
        "network.units": Parameter(int, 64, low=1),
        "network.layers": Parameter(int, 2, low=1),
        "norm.kind": Parameter(str, "none", choices=("none", "layer", "group", "batch")),
        "norm.groups": Parameter(int, None, low=1),
        "asymmetry.alpha": Parameter(float, 0.5, low=0.0, high=1.0, packable=True),
        "asymmetry.beta": Parameter(float, 0.5, low=0.0, high=1.0, packable=True),
    }

    @classmethod
    def check(cls, params, task):
        super().check(params, task)
        units, groups = params["network.units"], params["norm.groups"]
        if params["norm.kind"] == "group" and units % groups:
            raise ValueError(f"norm.groups must divide network.units={units}, but got {groups}")

    @classmethod
    def layers(cls, params, task):
        return params["network.layers"] + 1
