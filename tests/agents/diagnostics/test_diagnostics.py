"""Diagnostics have the values that their definitions give on networks made by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.diagnostics.base import Sample
from agents.diagnostics.effective_rank import srank
from agents.diagnostics.spectra import largest, singular_values
from agents.layers import spectral_norm
from agents.layers.convolution import Convolution
from agents.learners import dqn, sac, sac_v1, td3
from agents.shape import Shape
from agents.streams import keys
from tests.helpers.cases import each

ALL = lookup.names("diagnostics")
SMALL = {"actor.units": 8, "critic.units": 8, "warmup_steps": 20, "batch_size": 16}
NET = {"network.convs": (4,), "network.units": 10, "batch_size": 8}

OWN = """
import numpy as np
from agents.diagnostics.base import SampleDiagnostic

class Longest(SampleDiagnostic):
    @classmethod
    def metrics(cls, networks):
        return ("steps_so_far",)

    def measure(self, sample):
        return {"steps_so_far": np.full(len(self.runs), sample.step)}
"""


def pack(learner: Any, task: str, members: list[dict[str, Any]], steps: int = 40) -> Any:
    """A pack that has trained for `steps` steps."""
    schedule = SimpleNamespace(every=10**6, episodes=1, steps=None, cap=1)
    runs = [
        SimpleNamespace(
            params=learner.complete(params), task=task, seed=seed, steps=100, evaluation=schedule
        )
        for seed, params in enumerate(members)
    ]
    made = learner.start(runs, [None] * len(runs), "cpu")
    made.train(steps)
    return made


def sampled(pack: Any, replay: Any = None) -> Sample:
    """What its diagnostics draw from, now."""
    seeds = [run.seed for run in pack.runs]
    return Sample(pack.learner, replay or pack.replay, seeds, pack.step)


def measured(pack: Any, name: str, replay: Any = None) -> dict[str, np.ndarray]:
    diagnostic = lookup.find("diagnostics", name)(pack.learner, pack.runs)
    return dict(diagnostic.measure(sampled(pack, replay)))


def blank(net: Any) -> None:
    """All weights and biases 0."""
    for parameter in net.parameters:
        parameter.detach().zero_()


@each("size", [1, 2, 50, 99, 100, 101, 200, 256])
@each("scale", [1.0, 3.7, 1e-12, 1e12])
def test_srank_of_a_scaled_identity_is_99_in_100_of_its_size(size: int, scale: float) -> None:
    sigma = singular_values(scale * torch.eye(size, dtype=torch.float64)[None])
    assert srank(sigma).tolist() == [-(-99 * size // 100)]


def test_srank_of_one_direction_is_1_and_does_not_depend_on_scale() -> None:
    numbers = torch.Generator().manual_seed(0)
    flat = torch.rand(2048, 1, generator=numbers) @ torch.rand(1, 64, generator=numbers)
    wide = torch.rand(2048, 64, generator=numbers)
    ranks = srank(singular_values(torch.stack((flat, wide, 1e4 * wide, 0 * wide, wide / 0))))
    assert ranks[0] == 1 and 1 < ranks[1] == ranks[2] <= 64
    assert ranks[3] == 0 and math.isnan(ranks[4])


def test_srank_is_that_of_what_the_first_critics_head_reads() -> None:
    made = pack(td3.Learner, "navigation/3", [SMALL | {"diagnostics.samples": 64}] * 2)
    net = made.learner.nets["critic"].net
    for layer in net.layers:  # rows 0 and 1 are the critics of member 0
        layer.weight.detach()[:].fill_(0.0)
    net.layers[0].bias.detach().fill_(1.0)
    net.layers[1].bias.detach().fill_(1.0)
    assert measured(made, "effective_rank")["srank"].tolist() == [1.0, 1.0]
    net.layers[0].weight.detach()[1] = torch.randn(6, 8)
    net.layers[1].weight.detach()[1] = torch.eye(8)
    assert measured(made, "effective_rank")["srank"].tolist() == [1.0, 1.0]
    net.layers[0].weight.detach()[2] = torch.randn(6, 8)
    net.layers[1].weight.detach()[2] = torch.eye(8)
    ranks = measured(made, "effective_rank")["srank"]
    assert ranks[0] == 1.0 < ranks[1]


def test_a_densenets_last_layer_has_a_rank_of_its_own() -> None:
    made = pack(td3.Learner, "navigation/3", [SMALL | {"critic.body": "densenet"}])
    last = made.learner.nets["critic"].net.layers[1]
    last.weight.detach().fill_(0.0)
    last.bias.detach().fill_(1.0)
    ranks = measured(made, "effective_rank")
    assert ranks["srank_last"].tolist() == [1.0] and ranks["srank"][0] > 1
    plain = measured(pack(td3.Learner, "navigation/3", [SMALL]), "effective_rank")
    assert plain["srank"] == plain["srank_last"]


def test_a_narrow_resnets_last_layer_is_not_its_input() -> None:
    params = SMALL | {"critic.body": "resnet", "critic.layers": 1, "critic.units": 4}
    made = pack(td3.Learner, "navigation/10", [params])
    layer = made.learner.nets["critic"].net.layers[0]
    layer.weight.detach().fill_(0.0)
    layer.bias.detach().fill_(1.0)
    ranks = measured(made, "effective_rank")
    assert ranks["srank_last"].tolist() == [1.0] and ranks["srank"][0] > 4


@pytest.mark.parametrize("learner", [sac, sac_v1])
def test_log_pi_is_the_mean_of_a_known_gaussian_for_each_number_of_an_action(learner: Any) -> None:
    """sigma = e^-2 around 0, where tanh is nearly straight: -0.5 log(2 pi e) + 2, less a little."""
    params = SMALL | {"diagnostics.samples": 4_000}
    made = pack(learner.Learner, "navigation/3", [params, params])
    blank(made.learner.nets["actor"].net)
    made.learner.nets["actor"].net.head.bias.detach()[:, 3:] = -2.0
    found = measured(made, "log_pi")["log_pi"]
    exact = -0.5 * math.log(2 * math.pi * math.e) + 2 + math.exp(-4)  # E log(1 - a^2) = -sigma^2
    assert found == pytest.approx([exact, exact], abs=0.03) and found[0] != found[1]


def test_a_deterministic_policy_has_no_log_pi() -> None:
    made = pack(td3.Learner, "navigation/3", [SMALL])
    assert not measured(made, "log_pi")
    assert lookup.find("diagnostics", "log_pi").metrics(("critic",)) == []


def test_the_critics_loss_is_the_mean_square_of_rewards_where_all_values_are_0() -> None:
    params = SMALL | {"diagnostics.samples": 30, "gamma": 0.7}
    made = pack(td3.Learner, "navigation/3", [params, params])
    agents = made.learner
    for nets in (agents.nets, agents.targets):
        blank(nets["critic"].net)
    rewards = sampled(made)(30).rewards
    loss = measured(made, "critic_loss")["critic_loss_replay"]
    assert loss == pytest.approx(2.0 * rewards.square().mean(1).numpy(), rel=1e-6)  # two critics


@pytest.mark.parametrize(
    ("learner", "task", "params"),
    [
        (td3.Learner, "navigation/3", SMALL),
        (td3.Learner, "navigation/3", SMALL | {"n_step": 4}),
        (dqn.Learner, "minatar/breakout", NET),
    ],
)
def test_gradient_norms_are_those_that_the_first_update_gives_adam(
    learner: Any, task: str, params: dict[str, Any]
) -> None:
    made = pack(learner, task, [params], 15)
    norms = measured(made, "gradient_norms")
    batch = sampled(made)(params["batch_size"])
    made.learner.update_from(batch, made.step)
    for name in learner.networks:
        adam = made.learner.optimisers[name]
        moment = torch.cat([m.double().flatten() for m in adam.kept["m"]])
        assert norms[f"grad_norm_{name}"][0] == pytest.approx(moment.norm().item() / 0.1, rel=1e-5)


def test_dead_units_are_counted_exactly() -> None:
    made = pack(dqn.Learner, "minatar/breakout", [NET, NET])
    net = made.learner.network("critic")
    blank(net)
    convolution, hidden, _ = net.layers
    convolution.bias.detach()[0] = torch.tensor([1.0, -1.0, -1.0, 0.0])
    convolution.bias.detach()[1] = 1.0
    hidden.bias.detach()[0, :4] = 1.0
    hidden.bias.detach()[1] = 1.0
    assert measured(made, "dead_units")["dead_units_critic"].tolist() == [9 / 14, 0.0]


def test_singular_values_are_those_of_the_weights() -> None:
    made = pack(td3.Learner, "navigation/3", [SMALL] * 2)
    layers = made.learner.nets["critic"].net.layers
    for layer in layers:
        layer.weight.detach().zero_()
    layers[1].weight.detach()[0] = torch.diag(torch.tensor([3.0, -7.0, *[1.0] * 6]))
    layers[1].weight.detach()[1] = 100.0 * torch.eye(8)  # the second critic's
    layers[0].weight.detach()[2, 5, 7] = 9.0
    layers[1].weight.detach()[2, 0, :] = 0.5
    found = measured(made, "singular_values")
    assert found["sigma_2"] == pytest.approx([7.0, math.sqrt(2.0)], rel=1e-12)
    assert found["sigma_max"] == pytest.approx([7.0, 9.0], rel=1e-12)
    actors = [singular_values(layer.weight)[:, 0] for layer in made.learner.network("actor").layers]
    assert found["sigma_2_actor"] == pytest.approx(actors[1], rel=1e-12)
    assert found["sigma_max_actor"] == pytest.approx(np.max(actors, axis=0), rel=1e-12)
    assert set(measured(pack(dqn.Learner, "minatar/breakout", [NET]), "singular_values")) == {
        "sigma_2",
        "sigma_max",
    }


@each("features, published", [({}, 0), ({"features.kind": "ofenet"}, 2_072_576)])
def test_counts_are_those_of_one_network_each(features: dict[str, Any], published: int) -> None:
    """Ota et al. 2021, Table 2: OFENet's 2,159 numbers for Ant-v2's 111."""
    of_table = {"features.layers": 8, "features.units": 2_048} if features else {}
    params = sac_v1.Learner.complete({**SMALL, **features, **of_table, "actor.layers": 2})
    run = SimpleNamespace(params=params, task="mujoco/Ant-v2", seed=0, steps=100)
    learner = sac_v1.Learner([run], Shape((111,), "float32", 8, continuous=True), "cpu")
    diagnostic = lookup.find("diagnostics", "parameter_counts")(learner, [run])
    found = diagnostic.measure(Sample(learner, None, [0], 0))
    read = 2_159 if features else 111
    hidden = (read + 1) * 8 + 9 * 8
    assert found["parameters_actor"] == hidden + 9 * 2 * 8  # a mean and a width a number
    assert found["parameters_value"] == hidden + 9
    assert found["parameters_features"] == published


def test_the_norm_of_a_convolution_is_that_of_its_matrix() -> None:
    torch.set_num_threads(1)
    layer = Convolution(2, (10, 10, 4), 6, 3, "cpu")
    layer.initialise(keys([0, 1], "weights"))
    basis = torch.eye(400).view(1, 400, 10, 10, 4).expand(2, -1, -1, -1, -1)
    exact = singular_values(layer.map(basis.contiguous()).flatten(2))[:, 0]
    found = spectral_norm.norm(layer, keys([0, 1], "start"), 200).numpy()
    assert found == pytest.approx(exact, rel=1e-3)


def test_spectral_radii_are_estimates_where_members_normalise_and_exact_elsewhere() -> None:
    members = [NET | {"sn.layers": layers, "warmup_steps": 10} for layers in ((-2,), (), (-1, -2))]
    made = pack(dqn.Learner, "minatar/breakout", members, 30)
    layers = made.learner.network("critic").layers[::-1]
    head, hidden, convolution = layers
    found = measured(made, "spectral_radii")
    assert set(found) == {"rho_1", "rho_2", "rho_3", "rho_product"}
    one, two = head.spectral.rho()[2].item(), hidden.spectral.rho()[2].item()
    assert found["rho_1"][2] == one and found["rho_2"][2] == two
    assert found["rho_1"][:2] == pytest.approx(singular_values(head.weight)[:2, 0])
    assert found["rho_2"][1] == pytest.approx(singular_values(hidden.weight)[1, 0])
    assert found["rho_3"] == pytest.approx(largest(convolution, [0, 1, 2]))
    assert found["rho_product"][2] == pytest.approx(max(one, 1.0) * max(two, 1.0))
    assert np.isnan(found["rho_product"]).tolist() == [False, True, False]
    for _ in range(300):
        hidden.spectral.scale(True)
    exact = singular_values(hidden.weight)[:, 0]
    assert measured(made, "spectral_radii")["rho_2"] == pytest.approx(exact, 1e-3)


def test_spectral_radii_of_an_agent_that_normalises_nothing() -> None:
    made = pack(td3.Learner, "navigation/2", [SMALL, SMALL])
    found = measured(made, "spectral_radii")
    assert set(found) == {"rho_1", "rho_2", "rho_3"}
    layers = made.learner.network("critic").layers
    assert found["rho_3"] == pytest.approx(singular_values(layers[0].weight)[:, 0])


def test_overestimation_is_the_value_minus_the_discounted_return() -> None:
    members = [SMALL | {"gamma": gamma, "reward_scale": 2.0} for gamma in (0.5, 0.9)]
    made = pack(td3.Learner, "navigation/3", members)
    blank(made.learner.nets["critic"].net)
    made.learner.nets["critic"].net.head.bias.detach()[::2] = 3.0
    watching = lookup.find("diagnostics", "q_overestimation")(made.learner, made.runs)
    watching.begin(np.zeros((2, 3, 3), np.float32), np.zeros((2, 3, 3), np.float32))
    for step in range(1, 8):
        terminals = np.array([[step == 2, False, False]] * 2)
        over = np.array([[step == 2, step == 7, step == 6]] * 2)
        watching.record(np.full((2, 3), float(step)), terminals, over)
    ended = [3.0 - 2.0 * (1.0 + gamma * 2.0) for gamma in (0.5, 0.9)]
    cut = 3.0 - 2.0 * sum(step * 0.5 ** (step - 1) for step in range(1, 8))
    assert watching.found()["q_overestimation"] == pytest.approx([(ended[0] + cut) / 2, ended[1]])
    watching.begin(np.zeros((2, 1, 3), np.float32), np.zeros((2, 1, 3), np.float32))
    watching.record(np.ones((2, 1)), np.zeros((2, 1), bool), np.ones((2, 1), bool))
    assert np.isnan(watching.found()["q_overestimation"]).all()  # none came to its end


def test_a_run_that_diverges_ends_where_it_does_without_diagnostics(run, play) -> None:
    """Also where a diagnosis would have seen it before."""
    ends = []
    for asked in ((), ALL):
        params = {"diagnostics": asked, "diagnostics.every": 7, "optimizer.lr": 1e38}
        reports = play(dqn.Learner.start([run(**params)], [None], "cpu"))
        ends.append((reports[-1].step, reports[-1].diverged))
    assert ends == [(256, True)] * 2


def test_a_diagnostic_of_ones_own_is_one_file(tmp_path, run, play) -> None:
    (tmp_path / "own.py").write_text(OWN)
    one = run(diagnostics=(f"{tmp_path / 'own.py'}:Longest",), diagnostics__every=200)
    reports = play(dqn.Learner.start([one], [None], "cpu"))
    told = {r.step: r.metrics["steps_so_far"] for r in reports if "steps_so_far" in r.metrics}
    assert told == {200: 200.0, 400: 400.0, 500: 500.0}


@pytest.mark.parametrize("asked", [("nonsense",), ("dead_units", "dead_units"), (1,)])
def test_what_is_no_diagnostic_is_refused(asked: tuple[Any, ...]) -> None:
    valid = "name one twice" if len(asked) == 2 else ", ".join(ALL)
    with pytest.raises(ValueError, match=valid):
        dqn.Learner.check({"diagnostics": asked}, "minatar/breakout")


def test_memory_that_diagnostics_take_is_counted() -> None:
    def taken(**params: Any) -> int:
        return dqn.Learner.member_bytes(params, "minatar/breakout", 100)

    assert taken(diagnostics=("dead_units",)) > taken() == taken(diagnostics=())
