"""Every body in agents/networks describes itself truly and gives the same bits in any pack."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from agents import lookup
from agents.layers.base import ACTIVATIONS, INITS
from agents.layers.norms import NORMS
from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks.gradient_penalty import lengths
from agents.networks.network import Network

IMAGE = (10, 10, 4)
VECTORS = [(23,), (14,), (119,), (24,)]
OF_IMAGES = ("atari", "minatar")
OUTPUTS = 1
BATCHES = (1, 12, 256)
NOT_NORMALISED = SpectralNormSettings((), "hard", 1.0, True)


def sizes(body, units=24, norm="none", activation="relu", init="xavier", affine=False):
    norms = {"norm.kind": norm, "norm.groups": 3, "norm.affine": affine}
    return {
        "body": body, "convs": (6,), "kernels": (4,), "strides": (3,), "units": units, "layers": 2,
        "activation": activation, "init": init, **norms,
    }  # fmt: skip


def valid(described, observation):
    """Whether the body takes these sizes; it refuses with a ValueError."""
    try:
        lookup.find("networks", described["body"]).check(described, observation)
    except ValueError:
        return False
    return True


def all_valid():
    """Every body with all it takes: observations, units, norms, activations, initialisations.

    ReLU and Swish with all else, the other activations with some.
    """
    found = []
    norms = [(norm, False) for norm in NORMS] + [(norm, True) for norm in NORMS[1:]]
    kinds = [
        *product(lookup.names("networks"), [IMAGE, *VECTORS], (24, 33), norms, ACTIVATIONS[:2]),
        *product(lookup.names("networks"), [IMAGE, (24,)], (24, 33), norms[:1], ACTIVATIONS[2:]),
    ]
    for number, (body, observation, units, (norm, affine), activation) in enumerate(kinds):
        described = sizes(body, units, norm, activation, INITS[number // 2 % 2], affine)
        if (observation == IMAGE) == (body in OF_IMAGES) and valid(described, observation):
            found.append((described, observation))
    return found


def built(described, observation, seeds):
    network = Network(described, observation, OUTPUTS, [NOT_NORMALISED] * len(seeds), "cpu")
    network.initialise(seeds)
    generator = torch.Generator().manual_seed(0)
    for norm in network.norms:
        for vector in norm.parameters:
            vector.copy_(torch.rand(vector.shape[1], generator=generator) + 0.5)
    return network.train()


def identified(value):
    return value["body"] if isinstance(value, dict) else "x".join(map(str, value))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", lookup.names("networks"))
def test_some_observation_fits_every_body(name):
    assert {name} <= {described["body"] for described, _ in all_valid()}


@pytest.mark.parametrize("name", lookup.names("networks"))
def test_it_describes_its_layers_parameters_and_features(name):
    for described, observation in all_valid():
        if described["body"] != name:
            continue
        network = built(described, observation, [0, 1, 2])
        features = network.features(torch.zeros(3, 5, *observation))
        body = lookup.find("networks", name)
        numbers, width, _ = body.numbers(described, observation)
        assert len(network.body.layers) == body.depth(described)
        head = network.head.weight[0].numel() + OUTPUTS
        assert sum(tensor[0].numel() for tensor in network.parameters) == numbers + head
        assert features.shape == (3, 5, width) and network.body.features == width


@pytest.mark.parametrize("name", lookup.names("networks"))
def test_it_says_how_many_numbers_a_pass_keeps(name):
    """Of sizes whose products need no padding; outputs may be freed once they are copied.

    Convolutions that are computed as one keep less than they do where one of them is watched, which
    is what is told.
    """
    for described, observation in all_valid():
        if described["body"] != name or described["units"] % 4 or math.prod(observation) % 4:
            continue
        network = built(described, observation, [0])
        kept = (_kept(network, observation, 64) - _kept(network, observation, 32)) // 32
        body = lookup.find("networks", name)
        made = body.numbers(described, observation)[2]
        if getattr(body, "as_one", lambda sizes: 0)(described):
            assert kept < made
            continue
        images = sum(math.prod(layer.output_shape) for layer in network.layers if layer.convolves)
        outputs = images + described["layers"] * described["units"]
        copied = 0 if described["activation"] in ("relu", "tanh") else outputs
        assert kept <= made <= kept + copied


def _kept(network, observation, batch):
    """Numbers of all tensors that a pass saves for its gradients, but for x itself."""
    x = torch.rand(1, batch, *observation)
    saved = {}

    def keep(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() // 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        features = network.features(x, False, training=True)
    keep(features)
    saved.pop(x.untyped_storage().data_ptr(), None)
    return sum(saved.values())


def numbers_of(network, x, training):
    """What a pass gives, all gradients of it, and the running statistics after it."""
    x.requires_grad_()
    y = network(x, False, training)
    gradients = torch.autograd.grad(y.square().sum(), [x, *network.parameters])
    return [y, *gradients, *(tensor for norm in network.norms for _, tensor in norm.tensors())]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", lookup.names("networks"))
def test_bits_do_not_depend_on_the_pack(name, batch):
    """Each of them in batches of one of these sizes."""
    fitting = [(n, *one) for n, one in enumerate(all_valid()) if one[0]["body"] == name]
    for number, described, observation in fitting[BATCHES.index(batch) :: len(BATCHES)]:
        members = (8, 2, 5)[number % 3] if batch < 256 else 3
        generator = torch.Generator().manual_seed(number)
        x = torch.randn(members, batch, *observation, generator=generator)
        together = built(described, observation, range(members))
        apart = [built(described, observation, [i]) for i in range(members)]
        for training in (True, False):
            packed = numbers_of(together, x.clone(), training)
            for i, alone in enumerate(apart):
                for mine, theirs in zip(
                    numbers_of(alone, x[i : i + 1].clone(), training), packed, strict=True
                ):
                    assert torch.equal(mine[0], theirs[i]), (described, observation, training)


def second_gradients_of(network, x):
    """Gradients of a penalty on the lengths of gradients."""
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(network.layered(x).sum(), x, create_graph=True)
    penalty = (lengths(gradient) - 2.0).square().mean(1).sum()
    return torch.autograd.grad(penalty, network.parameters, materialize_grads=True)


@pytest.mark.parametrize("name", lookup.names("networks"))
def test_nor_do_gradients_of_gradients(name):
    """Of every seventh of its sizes."""
    fitting = [one for one in all_valid() if one[0]["body"] == name][::7]
    assert len(fitting) > 2
    for number, (described, observation) in enumerate(fitting):
        x = torch.randn(3, 12, *observation, generator=torch.Generator().manual_seed(number))
        packed = second_gradients_of(built(described, observation, range(3)), x.clone())
        for i in range(3):
            alone = second_gradients_of(built(described, observation, [i]), x[i : i + 1].clone())
            for mine, theirs in zip(alone, packed, strict=True):
                assert torch.equal(mine[0], theirs[i]), (described, observation)
