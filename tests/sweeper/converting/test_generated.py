"""Whatever a source's distributions are: the space loads, and draws nothing that they would not."""

from __future__ import annotations

import json
import math
import tempfile
import warnings
from pathlib import Path
from typing import Any

import optuna
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweeper.converting.source import converted
from sweeper.planning.plan import Plan
from sweeper.trainable.loading import load_trainable
from tests.helpers.converted_space import loaded

TRIALS = 10
FEW = settings(
    max_examples=5, deadline=None, phases=[Phase.generate], database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip

NAMES = st.text("abcXYZ012_.-", min_size=1, max_size=8).map(lambda text: f"p{text}")
NAMES |= st.sampled_from(
    ["seed", "steps", "n", "task", "lr", "fixed.lr", "value", "agent", "task_"]
)
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")) | st.just("\n")
PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60)
PLAIN |= st.text(CHARACTERS, max_size=12)
PLAIN |= st.floats(allow_nan=False, allow_infinity=False)
ENDS = st.floats(-1e6, 1e6).map(lambda end: float(f"{end:.6g}"))
STEPS = st.sampled_from([0.1, 0.25, 1, 2, 8, 0.003])


def ranges(kind: str, ends: st.SearchStrategy[Any], **more: Any) -> st.SearchStrategy[Any]:
    """Parameters of W&B from a smaller to a larger end."""
    pair = st.tuples(ends, ends).filter(lambda two: two[0] != two[1]).map(sorted)
    keys = {"distribution": st.just(kind), "pair": pair, **more}
    return st.fixed_dictionaries(keys).map(
        lambda one: (
            {"min": one["pair"][0], "max": one["pair"][1]}
            | {key: one[key] for key in one if key != "pair"}
        )
    )


POSITIVE = st.floats(1e-6, 1e6).map(lambda end: float(f"{end:.6g}"))
MOMENTS = {"mu": st.floats(-5, 5), "sigma": st.floats(0.01, 2)}
PARAMETERS = st.one_of(
    st.fixed_dictionaries({"value": PLAIN}),
    st.fixed_dictionaries({"values": st.lists(PLAIN, min_size=1, max_size=5)}),
    ranges("uniform", ENDS),
    ranges("int_uniform", st.integers(-1000, 100_000)),
    ranges("q_uniform", ENDS, q=STEPS),
    ranges("log_uniform", st.floats(-20, 20)),
    ranges("inv_log_uniform", st.floats(-20, 20)),
    ranges("log_uniform_values", POSITIVE),
    ranges("inv_log_uniform_values", POSITIVE),
    ranges("q_log_uniform_values", POSITIVE, q=STEPS),
    *(
        st.fixed_dictionaries({"distribution": st.just(kind), **MOMENTS})
        for kind in ("normal", "log_normal")
    ),
    *(
        st.fixed_dictionaries({"distribution": st.just(kind), **MOMENTS, "q": STEPS})
        for kind in ("q_normal", "q_log_normal")
    ),
)


def same(one: Any, other: Any) -> bool:
    """Whether a value is the other one, in a list of numbers maybe as a float."""
    numbers = all(type(value) in (int, float) for value in (one, other))
    return (numbers or type(one) is type(other)) and one == other


def drawn_by(keys: dict[str, Any], value: Any) -> bool:
    """Whether W&B may draw this value."""
    kind, step = keys.get("distribution"), keys.get("q")
    if kind is None:
        return any(same(value, one) for one in [*keys.get("values", ()), keys.get("value")])
    if step is not None and not math.isclose(value / step, round(value / step), abs_tol=1e-6):
        return False
    if "normal" in kind:
        normal = isinstance(value, int | float)
        return normal and (value >= 0 if "log" in kind else abs(value) < 30)
    low, high = keys["min"], keys["max"]
    if kind == "log_uniform":
        low, high = math.exp(low), math.exp(high)
    if kind == "inv_log_uniform":
        low, high = math.exp(-high), math.exp(-low)
    if step is not None:  # draws are rounded to a multiple, maybe to one outside
        low, high = round(low / step) * step, max(round(high / step), 1) * step
    whole = kind != "int_uniform" or isinstance(value, int)
    return whole and low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)


def runs(draft: Any, folder: Path) -> list[dict[str, Any]]:
    """The parameters of all trials of the space."""
    space = loaded(draft, folder)
    return [dict(run.params) for run in Plan(space, load_trainable(space)).runs]


@FEW
@given(st.dictionaries(NAMES, PARAMETERS, min_size=1, max_size=5))
def test_a_sweep_draws_what_wandb_may_draw(parameters: dict[str, Any]) -> None:
    sweep = {"program": "train.py", "method": "random", "parameters": parameters}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "sweep.yaml"
        file.write_text(json.dumps(sweep | {"run_cap": TRIALS}, ensure_ascii=False))
        draft = converted(str(file))
        for params in runs(draft, Path(place)):
            for name, keys in parameters.items():
                called = draft.names[name]
                if name != "seed" and (called in params or "values" not in keys):
                    assert drawn_by(keys, params[called]), (name, params[called])


FLOATS = st.floats(-1e9, 1e9)
DISTRIBUTIONS = st.one_of(
    st.tuples(FLOATS, FLOATS).map(lambda two: FloatDistribution(min(two), max(two))),
    st.tuples(POSITIVE, POSITIVE).map(lambda two: FloatDistribution(min(two), max(two), log=True)),
    st.tuples(st.integers(-50, 50), st.integers(0, 99), STEPS).map(
        lambda three: FloatDistribution(
            round(three[0] * three[2], 6), round(sum(three[:2]) * three[2], 6), step=three[2]
        )
    ),
    st.tuples(st.integers(-1000, 1000), st.integers(0, 10**6), st.integers(1, 50)).map(
        lambda three: IntDistribution(three[0], three[0] + three[1] * three[2], step=three[2])
    ),
    st.tuples(st.integers(1, 1000), st.integers(0, 10**6)).map(
        lambda two: IntDistribution(two[0], sum(two), log=True)
    ),
    st.lists(PLAIN, min_size=1, max_size=6).map(lambda values: CategoricalDistribution(values)),
)


@FEW
@given(st.dictionaries(NAMES, DISTRIBUTIONS, min_size=1, max_size=5))
def test_a_study_draws_what_optuna_may_draw(distributions: dict[str, Any]) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        url = str(Path(place) / "study.log")
        backend = optuna.storages.journal.JournalFileBackend(url)
        storage = optuna.storages.JournalStorage(backend)
        study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
        for _ in range(2):
            study.tell(study.ask(distributions), 0.0)
        draft = converted(url)
        if "sampler" in draft.keys:
            draft.keys |= {"sampler": "random", "trials": min(TRIALS, draft.configurations() or 99)}
        for params in runs(draft, Path(place)):
            for name, distribution in distributions.items():
                if name != "seed":
                    value = params[draft.names[name]]
                    assert distribution._contains(distribution.to_internal_repr(value)), name
    optuna.logging.set_verbosity(optuna.logging.INFO)


@FEW
@given(st.dictionaries(NAMES, st.lists(PLAIN, min_size=1, max_size=4), max_size=3))
def test_values_are_written_so_that_they_read_back(values: dict[str, Any]) -> None:
    sweep = {"program": "train.py", "method": "grid", "name": "é: #{x}"}
    sweep["parameters"] = {name: {"values": some} for name, some in values.items()}
    sweep["parameters"]["other"] = {"value": 1}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "sweep.yaml"
        file.write_text(json.dumps(sweep, ensure_ascii=False))
        draft = converted(str(file))
        found = runs(draft, Path(place))
    for name in values:
        if name != "seed":
            seen = [params[draft.names[name]] for params in found]
            assert all(any(same(one, value) for one in seen) for value in values[name])
