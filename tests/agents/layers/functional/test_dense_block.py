"""Densely connected layers as one function equal the body `densenet`, layer by layer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from agents.layers.functional import dense_block
from agents.layers.functional.dense_block import Block, Norm
from agents.networks.densenet import Body

P, B, S, A = 3, 14, 7, 3


def made(activation: str) -> tuple[Body, Block]:
    """P bodies, and the same as a block; scales, offsets, biases and statistics are random."""
    described = {"norm.kind": "batch", "norm.affine": True, "activation": activation}
    body = Body({"units": 5, "layers": 3, **described}, (S + A,), P, "cpu")
    generator = torch.Generator().manual_seed(0)
    for layer, norm in zip(body.layers, body.norms, strict=True):
        for tensor in (layer.weight, layer.bias, *(t for _, t in norm.tensors())):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.4)
        norm.variance.add_(0.5)
    norms = [Norm(n.weight, n.bias, n.mean, n.variance, n.eps) for n in body.norms]
    weights, biases = ([getattr(x, n) for x in body.layers] for n in ("weight", "bias"))
    block = Block(weights, biases, norms, activation)
    for tensor in block.learned:
        tensor.requires_grad_()
    return body, block


def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x, actions, and weights of what comes out."""
    generator = torch.Generator().manual_seed(1)
    sizes = (S, A, S + A + 15)
    x, a, w = (torch.randn(P, B, size, generator=generator) for size in sizes)
    return x.requires_grad_(), a.requires_grad_(), w


@pytest.fixture(params=["members one by one", "all at once"])
def way(request, monkeypatch):
    """As on a CPU, and as elsewhere."""
    if request.param == "all at once":
        monkeypatch.setattr(dense_block, "_members", lambda x: [slice(None)])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("activation", ["swish", "relu"])
def test_by_running_statistics_it_is_the_body_and_gradients_reach_actions_alone(activation):
    body, block = made(activation)
    x, a, w = given()
    mine = dense_block.frozen(block, x, a)
    theirs = body(torch.cat((x, a), dim=2), False, False)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    found = torch.autograd.grad(mine, [a, x, *block.learned], w, allow_unused=True)
    (expected,) = torch.autograd.grad(theirs, a, w)
    torch.testing.assert_close(found[0], expected, rtol=1e-5, atol=1e-5)
    assert found[1:] == (None,) * 10
    alone = dense_block.frozen(block, torch.cat((x, a), dim=2))
    torch.testing.assert_close(alone, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("activation", ["swish", "relu"])
def test_by_the_batchs_statistics_it_is_the_body_with_all_its_gradients(activation):
    body, block = made(activation)
    x, a, w = given()
    mine, means, variances = dense_block.trained(block, x, a)
    theirs = body(torch.cat((x, a), dim=2), False, True)
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
    wanted = [x, *block.learned]
    for found, expected in zip(
        torch.autograd.grad(mine, wanted, w), torch.autograd.grad(theirs, wanted, w), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        assert expected.abs().max() > 1e-3
    first = torch.cat((x, a), dim=2) @ block.weights[0] + block.biases[0][:, None]
    torch.testing.assert_close(means[:, 0], first.mean(1))
    torch.testing.assert_close(variances[:, 0], first.var(1, unbiased=False))


@pytest.mark.parametrize("member", range(P))
def test_no_bit_depends_on_the_pack(member):
    _, block = made("swish")
    x, a, w = given()

    def all_of(rows: slice) -> list[torch.Tensor]:
        def own(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.detach()[rows].clone().requires_grad_()

        norms = [
            Norm(*map(own, (n.weight, n.bias, n.mean, n.variance)), n.eps) for n in block.norms
        ]
        mine = replace(
            block, weights=[*map(own, block.weights)], biases=[*map(own, block.biases)], norms=norms
        )
        seen, acted = own(x), own(a)
        trained, *statistics = dense_block.trained(mine, seen, acted)
        gradients = torch.autograd.grad(trained, [seen, *mine.learned], w[rows])
        frozen = dense_block.frozen(mine, seen, acted)
        return [trained, *statistics, *gradients, *torch.autograd.grad(frozen, acted, w[rows])]

    together, alone = all_of(slice(None)), all_of(slice(member, member + 1))
    assert len(together) == 14
    for one, whole in zip(alone, together, strict=True):
        assert torch.equal(one[0], whole[member])


def test_the_gradient_that_comes_in_stays_as_it_is():
    """Also of a batch of one, whose columns lie beside each other."""
    _, block = made("swish")
    x, a, w = (tensor[:, :1].detach() for tensor in given())
    before = w.clone()
    mine = dense_block.frozen(block, x, a.requires_grad_())
    torch.autograd.grad(mine, a, w)
    assert torch.equal(w, before)
