"""Widths as lists: each layer's own, in every body that takes them."""

from __future__ import annotations

import pytest
import torch

from agents import lookup
from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks import network
from agents.networks.network import Network

PLAIN = SpectralNormSettings((), "hard", 1.0, True)
SAC = lookup.find("learners", "sac")


def built(body: str, units: object, layers: int = 2, norm: str = "none") -> Network:
    params = {
        "n.body": body, "n.units": units, "n.layers": layers, "n.norm.kind": norm,
        "n.norm.groups": 2,
    }  # fmt: skip
    network.check(params, "n", (5,))
    net = Network(network.part(params, "n"), (5,), 3, [PLAIN] * 2, "cpu")
    net.initialise([0, 1])
    return net


@pytest.mark.parametrize(
    ("body", "shapes"),
    [
        ("mlp", [(5, 8), (8, 4), (4, 6), (6, 3)]),
        ("densenet", [(5, 8), (13, 4), (17, 6), (23, 3)]),
        ("d2rl", [(5, 8), (13, 4), (9, 6), (6, 3)]),
        ("resnet", [(5, 8), (8, 4), (8, 6), (8, 3)]),
        ("minatar", [(5, 8), (8, 4), (4, 6), (6, 3)]),
    ],
)
def test_each_layer_has_its_own_width(body, shapes):
    params = {"n.body": body, "n.units": [8, 4, 6], "n.layers": 1, "n.convs": ()}
    sizes = network.part(params, "n")
    net = Network(sizes, (5,), 3, [PLAIN], "cpu")
    assert [tuple(layer.weight.shape[1:]) for layer in net.layers] == shapes
    assert network.depth(sizes, (5,)) == 4
    assert network.count_parameters(sizes, (5,), 3) == sum((i + 1) * o for i, o in shapes)
    assert net(torch.randn(1, 7, 5)).shape == (1, 7, 3)


@pytest.mark.parametrize("body", ["mlp", "densenet", "d2rl", "resnet"])
@pytest.mark.parametrize("norm", ["none", "group"])
def test_a_list_of_equal_widths_is_the_one_number(body, norm):
    x = torch.randn(2, 9, 5)
    assert torch.equal(built(body, [8, 8], norm=norm)(x), built(body, 8, norm=norm)(x))


REFUSED = [
    ({"critic.units": [8, 8, 8], "critic.layers": 4}, "critic.layers=4, got .8, 8, 8.: leave"),
    ({"critic.units": [8, 8], "critic.layers": 1}, "critic.layers=1, .* or let it be 2"),
    ({"critic.units": []}, "critic.units must be a whole number or a list of them, got an empty"),
    ({"actor.units": [8, 0]}, r"actor.units, number 2 of \[8, 0\], must be at least 1, got 0"),
    ({"actor.units": [8, 4.5]}, "actor.units, number 2 of .*must be a whole number, got 4.5"),
    ({"actor.units": [8, True]}, "actor.units, number 2 of .*must be a whole number, got True"),
    ({"actor.units": [[8]]}, "actor.units, number 1 of .*must be a whole number"),
    ({"actor.layers": [2]}, "actor.layers must be a whole number, got"),
    ({"critic.units": [8, 8], "critic.body": "residual"}, "number for critic.body=residual"),
    ({"critic.units": [8, 8], "critic.body": "resnet2"}, "number for critic.body=resnet2"),
    ({"critic.units": [8, 9], "critic.norm.kind": "group", "critic.norm.groups": 4},
     "critic.norm.groups must divide the 9 units"),
    ({"critic.units": [8, 1], "critic.norm.kind": "layer"}, "critic.units must be at least 2"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_lists_that_do_not_fit_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        SAC.check(given, "navigation/2")


def test_layers_are_as_many_as_a_list_has_unless_they_are_set():
    for given in ({"critic.units": [8, 8, 8]}, {"critic.units": [8, 8, 8], "critic.layers": 3}):
        SAC.check(given, "navigation/2")
        assert SAC.layers(given, "navigation/2") == 4
    assert SAC.layers_of("actor.sn.layers", {"actor.units": [400, 300]}, "navigation/2") == 3
    one = {"actor.units": (400, 300), "critic.units": 16}
    assert SAC.signature(one, "navigation/2") != SAC.signature({}, "navigation/2")
