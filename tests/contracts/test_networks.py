"""Every body in agents/networks describes itself truly and gives the same bits in any pack."""

from __future__ import annotations

import math

import pytest
import torch

from agents import lookup, streams
from agents.learners.dqn import Learner
from agents.networks.network import part

OBSERVATION = (10, 10, 4)
SIZES = part(Learner.complete({}), "network")


@pytest.fixture(params=lookup.names("networks"))
def body(request):
    torch.set_num_threads(1)
    return lookup.find("networks", request.param)


def built(body, seeds):
    made = body(SIZES, OBSERVATION, len(seeds), "cpu")
    for place, layer in enumerate(made.layers):
        layer.initialise(streams.keys(seeds, f"weights/{place}"))
    return made


def test_shapes_and_depth(body):
    body.check(SIZES, OBSERVATION)
    made = built(body, [0, 1, 2])
    features = made(torch.zeros(3, 5, *OBSERVATION), False)
    assert features.shape == (3, 5, made.features)
    assert len(made.layers) == body.depth(SIZES)
    tensors = [tensor for layer in made.layers for tensor in (layer.weight, layer.bias)]
    numbers = sum(tensor[0].numel() for tensor in tensors)
    pass_ = sum(_made(layer) for layer in made.layers)
    assert body.numbers(SIZES, OBSERVATION) == (numbers, made.features, pass_)


def _made(layer):
    """Numbers of a layer's outputs for one observation, and of the patches under a convolution."""
    outputs = math.prod(layer.output_shape)
    rows = outputs // layer.weight.shape[2]
    return outputs + (rows * layer.weight.shape[1] if layer.convolves else 0)


@pytest.mark.parametrize("batch", [1, 12, 32])
def test_bits_do_not_depend_on_the_pack(body, batch):
    seeds = list(range(8))
    x = (
        torch.rand(8, batch, *OBSERVATION, generator=torch.Generator().manual_seed(0)) < 0.3
    ).float()
    together = built(body, seeds)(x, False)
    for i in seeds:
        assert torch.equal(built(body, [i])(x[i : i + 1].clone(), False)[0], together[i])
