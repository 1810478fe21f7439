"""Every optimiser equals torch's for every member, on a CPU and as it is on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from agents import lookup
from agents.learners.dqn import Learner
from agents.optim.schedule import Schedule
from agents.optimisers import base
from agents.optimisers.base import BaseOptimiser, Settings
from agents.parameter import Parameter

UPDATES = 50
LINEAR, COSINE = Schedule("linear", 0.0, 40), Schedule("cosine", 0.1, 40)
NUMBERS: dict[str, list[tuple[float, dict[str, float]]]] = {
    "adam": [
        (1e-3, {"eps": 1e-8, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0}),
        (1e-2, {"eps": 0.5, "beta1": 0.0, "beta2": 0.99, "weight_decay": 0.5}),
        (3e-4, {"eps": 3.125e-4, "beta1": 0.8, "beta2": 0.9999, "weight_decay": 30.0}),
    ],
    "rmsprop": [
        (1e-3, {"alpha": 0.95, "eps": 1e-2, "weight_decay": 0.0}),
        (2.5e-4, {"alpha": 0.99, "eps": 1e-1, "weight_decay": 10.0}),
        (1e-4, {"alpha": 0.5, "eps": 1.0, "weight_decay": 0.1}),
    ],
    "sgd": [(lr, {"weight_decay": decay}) for lr, decay in ((1e-2, 1.0), (1e-3, 0.0), (0.1, 0.2))],
}
"""Step size and own numbers of three members."""


class RMSpropW(torch.optim.RMSprop):
    """Torch's with decoupled weight decay, which AdamW does so."""

    def step(self, closure: None = None) -> None:
        """Shrinks the parameters, then does torch's step."""
        for group in self.param_groups:
            for p in group["params"]:
                p.data.mul_(1.0 - group["lr"] * group["decay"])
        super().step()


def _rmsprop(groups: Any, lr: float, alpha: float, eps: float, weight_decay: float) -> RMSpropW:
    each = [{**group, "decay": weight_decay} for group in groups]
    return RMSpropW(each, lr, alpha, eps, centered=True)


TORCHS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": lambda ps, lr, eps, beta1, beta2, weight_decay: torch.optim.AdamW(
        ps, lr, (beta1, beta2), eps, weight_decay
    ),
    "rmsprop": _rmsprop,
    "sgd": lambda ps, lr, weight_decay: torch.optim.SGD(ps, lr, weight_decay=weight_decay),
}


@pytest.fixture(params=NUMBERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["cpu", "together"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def blank(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, *shape, generator=generator) for shape in ((4, 5), (5,))]


def made(
    kind: str, parameters: list[torch.Tensor], schedule: Schedule, path: str = "cpu"
) -> BaseOptimiser:
    members = [Settings(lr, numbers, schedule) for lr, numbers in NUMBERS[kind]]
    found: BaseOptimiser = lookup.find("optimisers", kind)(parameters, members)
    found._on_cpu = path == "cpu"
    return found


@pytest.mark.parametrize("factors", [False, True])
@pytest.mark.parametrize("schedule", [Schedule(), LINEAR, COSINE], ids=lambda one: one.kind)
def test_every_member_follows_torch_with_its_own_numbers(
    kind: str, path: str, schedule: Schedule, factors: bool
) -> None:
    """With factors of single steps, as with param_groups that are changed before each."""
    ours = blank()
    theirs = [[p[row].clone().requires_grad_() for p in ours] for row in range(3)]
    references = [
        TORCHS[kind]([{"params": [p]} for p in parameters], lr, **numbers)
        for parameters, (lr, numbers) in zip(theirs, NUMBERS[kind], strict=True)
    ]
    optimiser = made(kind, ours, schedule, path)
    for update in range(UPDATES):
        gradients, rates, eps = blank(update + 1), None, None
        if factors:
            rates, eps = [None, 0.5 + torch.rand(3)], 0.5 + torch.rand(3)
        optimiser.step(gradients, rates, eps)
        for row, reference in enumerate(references):
            lr, numbers = NUMBERS[kind][row]
            for i, group in enumerate(reference.param_groups):
                rate = rates[i][row].item() if rates and rates[i] is not None else 1.0
                group["lr"] = lr * schedule.factor(update) * rate
                if "eps" in numbers:
                    group["eps"] = numbers["eps"] * (1.0 if eps is None else eps[row].item())
                group["params"][0].grad = gradients[i][row].clone()
            reference.step()
    assert optimiser.steps == UPDATES
    for row, parameters in enumerate(theirs):
        for mine, reference in zip(ours, parameters, strict=True):
            torch.testing.assert_close(mine[row], reference.detach(), rtol=1e-6, atol=1e-6)


def test_factors_of_one_change_no_bit(kind: str, path: str) -> None:
    plain, ones = blank(), blank()
    optimisers = [made(kind, parameters, COSINE, path) for parameters in (plain, ones)]
    for update in range(5):
        optimisers[0].step(blank(update + 1))
        optimisers[1].step(blank(update + 1), [torch.ones(3), torch.ones(3)], torch.ones(3))
    assert all(map(torch.equal, plain, ones))


def test_a_member_without_factors_keeps_its_bits_beside_one_that_has_them(kind: str) -> None:
    plain, mixed = blank(), blank()
    optimisers = [made(kind, parameters, COSINE) for parameters in (plain, mixed)]
    factor = torch.tensor([0.5, 1.0, 2.0])
    for update in range(5):
        optimisers[0].step(blank(update + 1))
        optimisers[1].step(blank(update + 1), [factor, None], factor)
    for p, q in zip(plain, mixed, strict=True):
        assert torch.equal(p[1], q[1])
    assert not torch.equal(plain[0][0], mixed[0][0])


def test_the_bits_of_a_member_do_not_depend_on_the_pack(kind: str) -> None:
    """Sizes at which vector instructions leave a rest; with and without factors."""
    generator = torch.Generator().manual_seed(0)
    whole = [torch.randn(3, *shape, generator=generator) for shape in ((7, 13), (5,))]
    rates, eps = [torch.tensor([0.5, 0.3, 1.0]), None], torch.tensor([1.0, 2.5, 3.0])
    settings = [Settings(lr, numbers, COSINE) for lr, numbers in NUMBERS[kind]]
    optimiser = lookup.find("optimisers", kind)
    alone = [[p[row : row + 1].clone() for p in whole] for row in range(3)]
    packed = optimiser(whole, settings)
    single = [optimiser(ps, [own]) for ps, own in zip(alone, settings, strict=True)]
    for update in range(6):
        gradients = [torch.randn(p.shape, generator=generator) for p in whole]
        given: Any = (rates, eps) if update % 2 else (None, None)
        packed.step(gradients, *given)
        for row, one in enumerate(single):
            here = slice(row, row + 1)
            mine = ([rates[0][here], None], eps[here]) if update % 2 else (None, None)
            one.step([g[here] for g in gradients], *mine)
    for row, one in enumerate(single):
        for mine, together in zip(alone[row], whole, strict=True):
            assert torch.equal(mine[0], together[row])
        for (_, mine), (_, together) in zip(one.tensors(), packed.tensors(), strict=True):
            assert torch.equal(mine[0], together[row])


def test_weight_decay_of_others_changes_no_bit_of_a_member(kind: str, path: str) -> None:
    plain, mixed = blank(), blank()
    each = [[0.0] * 3, [0.5, 0.0, 0.1]]
    optimisers = []
    for decays, parameters in zip(each, (plain, mixed), strict=True):
        members = [
            Settings(lr, {**numbers, "weight_decay": decay}, COSINE)
            for (lr, numbers), decay in zip(NUMBERS[kind], decays, strict=True)
        ]
        optimisers.append(lookup.find("optimisers", kind)(parameters, members))
        optimisers[-1]._on_cpu = path == "cpu"
    for update in range(5):
        for optimiser in optimisers:
            optimiser.step(blank(update + 1))
    for p, q in zip(plain, mixed, strict=True):
        assert torch.equal(p[1], q[1])
        assert (p[0] - q[0]).abs().max() > 1e-3


def test_what_is_forgotten_begins_again_while_the_schedule_goes_on(kind: str, path: str) -> None:
    """Of the first parameter of the second member; torch's is made anew there."""
    ours, row, at = blank(), 1, 7
    lr, numbers = NUMBERS[kind][row]
    members = [Settings(own, given, COSINE, True) for own, given in NUMBERS[kind]]
    optimiser = lookup.find("optimisers", kind)(ours, members)
    optimiser._on_cpu = path == "cpu"
    theirs = [p[row].clone().requires_grad_() for p in ours]
    references = [TORCHS[kind]([{"params": [p]}], lr, **numbers) for p in theirs]
    for update in range(20):
        if update == at:
            optimiser.forget([row], [0])
            references[0] = TORCHS[kind]([{"params": theirs[:1]}], lr, **numbers)
        gradients = blank(update + 1)
        optimiser.step(gradients)
        for parameter, gradient, reference in zip(theirs, gradients, references, strict=True):
            reference.param_groups[0]["lr"] = lr * COSINE.factor(update)
            parameter.grad = gradient[row].clone()
            reference.step()
    assert optimiser.steps == 20
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine[row], reference.detach(), rtol=1e-6, atol=1e-6)


def test_a_gradient_divided_by_rho_is_an_epsilon_multiplied_by_it(path: str) -> None:
    """Spec 2.4: with a constant rho, and eps outside the root; of centred RMSprop the same."""
    rho = torch.tensor([3.0, 0.2, 20.0])
    for kind in ("adam", "rmsprop"):
        divided, multiplied = blank(), blank()
        optimisers = [made(kind, ps, Schedule(), path) for ps in (divided, multiplied)]
        for update in range(UPDATES):
            gradients = blank(update + 1)
            small = [g / base.spread(rho, g) for g in gradients]
            optimisers[0].step(small)
            optimisers[1].step(gradients, None, rho)
        for p, q in zip(divided, multiplied, strict=True):
            torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-6)


def test_a_deviation_that_rounds_below_0_counts_as_0() -> None:
    """Of a constant gradient the mean of squares comes to the square of the mean."""
    parameter = torch.zeros(1, 999)
    optimiser = lookup.find("optimisers", "rmsprop")(
        [parameter], [Settings(1.0, {"alpha": 0.5, "eps": 1e-3, "weight_decay": 0.0})]
    )
    gradient = torch.linspace(0.1, 1.0, 999)[None]
    for _ in range(60):
        optimiser.step([gradient])
    assert parameter.isfinite().all()


def test_checkpoints_name_what_is_kept(kind: str) -> None:
    """Of Adam as before there were others."""
    learner, ends = Learner.complete({"optimizer.kind": kind}), ("m.0", "v.0")
    (own,) = {name.kept_as for name in [base.find(learner)]}
    assert own == ("adam" if kind == "adam" else "optimiser")
    kept = [name for name, _ in made(kind, blank(), Schedule()).tensors()]
    assert kept == ([] if kind == "sgd" else [f"{n}.{i}" for n in "mv" for i in (0, 1)])
    assert not kept or {*ends} <= {*kept}


def test_what_belongs_to_some_kinds_is_a_parameter_of_these_alone() -> None:
    only = {name: known.only for name, known in base.parameters(eps=0.5).items()}
    assert only == {
        "optimizer.kind": {},
        "optimizer.eps": {"optimizer.kind": ("adam", "rmsprop")},
        "optimizer.beta1": {"optimizer.kind": ("adam",)},
        "optimizer.beta2": {"optimizer.kind": ("adam",)},
        "optimizer.alpha": {"optimizer.kind": ("rmsprop",)},
        "optimizer.weight_decay": {"optimizer.kind": ("adam", "rmsprop", "sgd")},
    }
    assert base.parameters(eps=0.5)["optimizer.eps"] == Parameter(
        float, 0.5, low=0.0, packable=True, only={"optimizer.kind": ("adam", "rmsprop")}
    )


REFUSED = [
    (
        {"optimizer.kind": "sgd", "optimizer.eps": 1e-3},
        "optimizer.eps is a parameter of optimizer.kind=adam or rmsprop, and optimizer.kind is sgd",
    ),
    ({"optimizer.kind": "rmsprop", "optimizer.beta1": 0.9}, "beta1 is a parameter of .*=adam, and"),
    ({"optimizer.alpha": 0.9}, "alpha is a parameter of optimizer.kind=rmsprop, and .* is adam"),
    ({"optimizer.kind": "adamm"}, r"optimizer.kind: unknown optimiser 'adamm' \(did you mean 'ada"),
    ({"optimizer.kind": "rmsprop", "optimizer.alpha": 1.0}, "alpha must be at most 0.999999"),
    ({"optimizer.weight_decay": -0.1}, "optimizer.weight_decay must be at least 0, got -0.1"),
    ({"optimizer.kind": 3}, "optimizer.kind: unknown optimiser '3'"),
]


@pytest.mark.parametrize(("params", "message"), REFUSED)
@pytest.mark.parametrize("name", ["dqn", "sac"])
def test_what_belongs_to_another_kind_is_refused(
    name: str, params: dict[str, Any], message: str
) -> None:
    learner = lookup.find("learners", name)
    with pytest.raises(ValueError, match=message):
        learner.check(params, "navigation/2" if learner.continuous else "minatar/breakout")


def test_defaults_of_other_kinds_are_none_of_a_run(kind: str) -> None:
    complete = Learner.complete({"optimizer.kind": kind})
    own = {name for name in complete if name.startswith("optimizer.") and "schedule" not in name}
    numbers = {f"optimizer.{name}" for name in NUMBERS[kind][0][1]}
    assert own == {"optimizer.kind", "optimizer.lr", "optimizer.project", *numbers}
    Learner.check(complete, "minatar/breakout")


def test_memory_is_that_of_the_moments_of_its_optimiser() -> None:
    states = {k: Learner.state_bytes({"optimizer.kind": k}, "minatar/breakout", 1) for k in NUMBERS}
    weights = Learner.sizes(Learner.complete({}), Learner.shape_of({}, "minatar/breakout")).trained
    assert states["adam"] == states["rmsprop"] == states["sgd"] + 8 * weights
    whole = {k: Learner.member_bytes({"optimizer.kind": k}, "minatar/breakout", 1) for k in NUMBERS}
    assert whole["adam"] == whole["sgd"] + 8 * weights


OWN = """
from agents.optimisers.base import BaseOptimiser, spread
from agents.parameter import Parameter


class Sign(BaseOptimiser):
    parameters = {"eps": Parameter(float, 1e-8), "decay": Parameter(float, 0.25)}

    def update(self, gradients, rates, eps):
        left = spread((1.0 - self.numbers["decay"]).float(), gradients[0])
        for parameter, g, size in zip(self.trained, gradients, self.sizes(rates)):
            parameter.mul_(left).sub_(g.sign() * spread(size, g))
"""


def test_what_is_no_optimiser_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "sign.py"
    file.write_text(OWN)
    with pytest.raises(ValueError, match="must name a class derived from BaseOptimiser, got"):
        Learner.check({"optimizer.kind": f"{file}:Parameter"}, "minatar/breakout")


def test_one_of_ones_own_has_the_parameters_that_learners_know(tmp_path: Any) -> None:
    file = tmp_path / "sign.py"
    file.write_text(OWN)
    given = {"optimizer.kind": f"{file}:Sign", "optimizer.eps": 0.5, "optimizer.lr": 0.1}
    Learner.check(given, "minatar/breakout")
    params = Learner.complete(given)
    found = base.find(params)
    settings = found.settings(params, 10)
    assert settings.numbers == {"eps": 0.5, "decay": 0.25}
    parameter = torch.ones(1, 2)
    found([parameter], [settings]).step([torch.tensor([[3.0, -1.0]])])
    assert parameter[0].tolist() == pytest.approx([0.65, 0.85])
