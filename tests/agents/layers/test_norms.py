"""Norms against torch's own and against what they promise; how parameters name them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from agents.layers import norms
from agents.layers.linear import hidden
from agents.layers.norms import BatchNorm, GroupNorm, LayerNorm
from agents.networks import network
from sweeper.space.axes.norm import Axis

P, B, N, GROUPS = 3, 32, 24, 4


def drawn(norm):
    """The norm in float64, with a scale and an offset that are not its first ones."""
    for name, tensor in norm.tensors():
        setattr(norm, name, tensor.double())
    norm.weight.uniform_(0.5, 2.0)
    norm.bias.normal_()
    return norm


def rows():
    return 3.0 * torch.randn(P, B, N, dtype=torch.float64) + 2.0


def with_gradients(norm, x, training=False):
    """What the norm gives, and gradients with respect to x, scale and offset."""
    inputs = [t.detach().clone().requires_grad_() for t in (x, norm.weight, norm.bias)]
    leaf, norm.weight, norm.bias = inputs
    y = norm(leaf, training)
    return y, torch.autograd.grad(y.pow(3).sum(), inputs)


def assert_equal_to_torch(norm, x, own, training=False):
    """`own(row, weight, bias)` is torch's norm of one member's batch [B, N]."""
    y, gradients = with_gradients(norm, x, training)
    for i in range(P):
        inputs = [t[i].detach().clone().requires_grad_() for t in (x, norm.weight, norm.bias)]
        expected = own(i, *inputs)
        torch.testing.assert_close(y[i], expected)
        theirs = torch.autograd.grad(expected.pow(3).sum(), inputs)
        for mine, other in zip(gradients, theirs, strict=True):
            torch.testing.assert_close(mine[i], other)


def test_layer_norm_equals_torch():
    norm = drawn(LayerNorm(P, N, True, "cpu"))
    assert_equal_to_torch(norm, rows(), lambda i, x, w, b: F.layer_norm(x, (N,), w, b))


@pytest.mark.parametrize("groups", [1, GROUPS, 12])
def test_group_norm_equals_torch(groups):
    norm = drawn(GroupNorm(P, N, True, "cpu", groups))
    assert_equal_to_torch(norm, rows(), lambda i, x, w, b: F.group_norm(x, groups, w, b))


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_torch_in_training_and_evaluation(training):
    norm = drawn(BatchNorm(P, N, True, "cpu"))
    theirs = [torch.nn.BatchNorm1d(N, affine=False).double() for _ in range(P)]
    for _ in range(3):
        x = rows()
        norm(x, training=True)
        for i, their in enumerate(theirs):
            their(x[i])
    for their in theirs:
        their.train(training)
    assert_equal_to_torch(norm, rows(), lambda i, x, w, b: theirs[i](x) * w + b, training)
    for i, their in enumerate(theirs):
        torch.testing.assert_close(norm.mean[i], their.running_mean)
        torch.testing.assert_close(norm.variance[i], their.running_var)


def test_evaluation_leaves_the_running_statistics():
    norm = BatchNorm(P, N, False, "cpu")
    norm(torch.randn(P, B, N) + 5.0, training=False)
    assert not norm.mean.any() and (norm.variance == 1.0).all()


def test_a_batch_of_one_leaves_finite_numbers():
    norm = BatchNorm(P, N, False, "cpu")
    assert not norm(torch.randn(P, 1, N), training=True).any()
    assert norm.mean.isfinite().all() and torch.allclose(norm.variance, torch.tensor(0.9))


def test_group_norm_in_a_critic_fixes_the_length_of_its_hidden_vectors():
    """Each group of each sample has mean 0 and variance 1 before the activation."""
    sizes = {"units": 256, "norm.kind": "group", "norm.groups": 16}
    layer = hidden(sizes, P, 23, "cpu")
    layer.weight.normal_()
    layer.activation = None
    y = layer(torch.randn(P, B, 23), False)
    groups = y.unflatten(-1, (16, 16))
    assert layer.norm.parameters == []
    torch.testing.assert_close(groups.mean(-1), torch.zeros(P, B, 16), rtol=0, atol=1e-5)
    torch.testing.assert_close(
        groups.var(-1, correction=0), torch.ones(P, B, 16), rtol=1e-4, atol=0
    )
    torch.testing.assert_close(y.square().sum(-1), torch.full((P, B), 256.0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("groups", [24, 256])
def test_groups_must_divide_the_units_and_hold_two_at_least(groups):
    sizes = {"units": 256, "norm.kind": "group", "norm.groups": groups}
    message = "norm.groups must divide the 256 units into groups of at least 2, but got "
    with pytest.raises(ValueError, match=f"^{message}{groups}; valid: 1, 2, 4, .*, 64, 128$"):
        norms.check(sizes)
    norms.check({**sizes, "norm.groups": 16})
    norms.check({**sizes, "norm.groups": 128})
    norms.check({**sizes, "norm.kind": "layer"})


def test_one_unit_has_no_norm_of_its_own():
    with pytest.raises(ValueError, match=r"units must be at least 2 with norm\.kind=layer"):
        norms.check({"units": 1, "norm.kind": "layer"})
    norms.check({"units": 1, "norm.kind": "none"})


def test_a_network_names_the_parameter_that_does_not_fit():
    params = {"critic.body": "mlp", "critic.units": 8, "critic.norm.kind": "group"}
    with pytest.raises(ValueError, match=r"^critic\.norm\.groups must divide the 8 units"):
        network.check({**params, "critic.norm.groups": 3}, "critic", (4,))


@pytest.mark.parametrize("name", ["critic", "network"])
def test_an_axis_of_norms_sets_what_networks_read(name):
    axis = Axis.model_validate({"kind": "norm", "values": list(norms.NORMS), "groups": [2, 8]})
    made = []
    for point in axis.points(f"{name}.norm"):
        sizes = {"units": N} | network.part(point.params, name)
        norms.check(sizes)
        made.append(hidden(sizes, P, 5, "cpu").norm)
    assert [type(norm) for norm in made] == [type(None), LayerNorm, GroupNorm, GroupNorm, BatchNorm]
    assert [made[2].groups, made[3].groups] == [2, 8]
