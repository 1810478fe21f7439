"""Optuna studies as spaces: distributions, directions, and what no storage keeps."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from sweeper.converting.source import converted
from sweeper.errors import SweeperError
from tests.helpers.converted_space import axes, loaded, told

FLOAT, INT, CHOICE = FloatDistribution, IntDistribution, CategoricalDistribution


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    """Optuna logs every study that is made, and warns of choices such as lists."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def made(folder: Path, name: str = "tried", **study: Any) -> optuna.Study:
    """A study in a journal."""
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    return optuna.create_study(study_name=name, storage=storage, **study)


def add(study: optuna.Study, params: dict[str, tuple[BaseDistribution, Any]], **more: Any) -> None:
    """A trial that drew these parameters."""
    if more.get("state", TrialState.COMPLETE) == TrialState.COMPLETE and "values" not in more:
        more["values"] = [0.5] * len(study.directions)
    distributions = {name: one for name, (one, _) in params.items()}
    values = {name: value for name, (_, value) in params.items()}
    study.add_trial(create_trial(params=values, distributions=distributions, **more))


AXES: dict[str, tuple[BaseDistribution, Any, dict[str, Any]]] = {
    "a range": (FLOAT(0, 1), 0.5, {"kind": "float", "low": 0.0, "high": 1.0}),
    "by ratio": (
        FLOAT(1e-5, 0.1, log=True), 0.01, {"kind": "float", "low": 1e-5, "high": 0.1, "log": True},
    ),
    "by steps": (
        FLOAT(0, 0.7, step=0.1), 0.5, {"kind": "float", "low": 0.0, "high": 0.7, "step": 0.1},
    ),
    "negative": (FLOAT(-5, -1), -2.0, {"kind": "float", "low": -5.0, "high": -1.0}),
    "whole": (INT(1, 9), 3, {"kind": "int", "low": 1, "high": 9}),
    "whole by steps": (INT(8, 64, step=8), 16, {"kind": "int", "low": 8, "high": 64, "step": 8}),
    "whole by ratio": (
        INT(1, 512, log=True), 16, {"kind": "int", "low": 1, "high": 512, "log": True},
    ),
    "texts": (CHOICE(["adam", "sgd"]), "sgd", {"kind": "choice", "values": ["adam", "sgd"]}),
    "with null": (CHOICE([None, 0.5]), None, {"kind": "choice", "values": [None, 0.5]}),
    "truth values": (CHOICE([True, False]), True, {"kind": "choice", "values": [True, False]}),
    "numbers": (CHOICE([0.1, 0.01]), 0.1, {"kind": "float", "values": [0.1, 0.01]}),
    "whole numbers": (CHOICE([32, 64]), 32, {"kind": "int", "values": [32, 64]}),
    "texts like numbers": (
        CHOICE(["1", "1e-3", "yes"]), "1", {"kind": "choice", "values": ["1", "1e-3", "yes"]},
    ),
    "text beside its number": (
        CHOICE([1, "1"]), 1, {"kind": "choice", "values": {"1": 1, "text 1": "1"}},
    ),
    "odd texts": (
        CHOICE(["# a: {b}", 'c "d"\n', "é\u2028", "- "]), "- ",
        {"kind": "choice", "values": ["# a: {b}", 'c "d"\n', "é\u2028", "- "]},
    ),
}  # fmt: skip


def test_every_distribution_is_the_axis_that_draws_from_it(tmp_path: Path) -> None:
    study = made(tmp_path, directions=["maximize"])
    add(study, {name: (distribution, value) for name, (distribution, value, _) in AXES.items()})
    space = loaded(converted(str(tmp_path / "study.log")), tmp_path)
    found = axes(space)
    assert {name.replace("_", " "): axis for name, axis in found.items()} == {
        name: axis for name, (_, _, axis) in AXES.items()
    }


def test_steps_that_do_not_fit_and_lists_are_as_optuna_has_them(tmp_path: Path) -> None:
    params = {"x": (FLOAT(0, 0.75, step=0.2), 0.4), "net": (CHOICE([[64, 64], [256]]), [256])}
    add(made(tmp_path), params)
    assert axes(loaded(converted(str(tmp_path / "study.log")), tmp_path)) == {
        "x": {"kind": "float", "low": 0.0, "high": 0.6, "step": 0.2},
        "net": {"kind": "choice", "values": [[64, 64], [256]]},
    }


SINGLE = {
    "a float": (FLOAT(0.5, 0.5), 0.5),
    "an int": (INT(3, 3), 3),
    "a choice": (CHOICE(["adam"]), "adam"),
}


def test_a_single_value_is_fixed(tmp_path: Path) -> None:
    add(made(tmp_path), {name.split()[1]: one for name, one in SINGLE.items()})
    space = loaded(converted(str(tmp_path / "study.log")), tmp_path)
    assert space.fixed == {"float": 0.5, "int": 3, "choice": "adam"}
    assert not space.axes and space.sampler.name == "grid"


def test_what_is_put_in_is_told(tmp_path: Path) -> None:
    add(made(tmp_path), {"lr": (FLOAT(0, 1), 0.5), "max_steps": (INT(40, 40), 40)})
    draft = converted(str(tmp_path / "study.log"))
    assert draft.invented == [
        "score.metric: value (score.metric=NAME)",
        "tasks.default: 0 to 1, the scores that count as 0 and as 1 "
        "(tasks.default.low=N tasks.default.high=N)",
        "seeds: 1 (seeds=N)",
    ]
    assert loaded(draft, tmp_path).steps == 40
    add(study := made(tmp_path, "other"), {"lr": (FLOAT(0, 1), 0.5)})
    draft = converted(str(tmp_path / "study.log"), study.study_name)
    assert "steps: 1, the last step that the function reports (steps=N)" in draft.invented


def test_what_no_storage_keeps_is_told(tmp_path: Path) -> None:
    study = made(tmp_path, "my study", direction="maximize")
    study.set_user_attr("team", "a")
    for value in (0.1, 0.2):
        params = {"lr": (FLOAT(0, 1), value)}
        add(study, params, values=[value], intermediate_values={5: 1.0}, user_attrs={"k": 1})
    add(study, {"lr": (FLOAT(0, 2), 1.5)}, state=TrialState.PRUNED)
    draft = converted(str(tmp_path / "study.log"), program="mine.py:run")
    assert told(draft) == [
        *("name", "lr", "sampler", "pruner", "trials", "best trial"),
        *("user_attrs.team", "user_attrs.k"),
    ]
    assert "best trial: 0.2 by lr=0.2" in draft.lost
    (tmp_path / "mine.py").write_text("def run(config, run):\n    return 0.0\n")
    space = loaded(draft, tmp_path)
    assert (space.study, space.direction, space.trials, space.steps) == (
        *("my_study", "maximize", 3, 5),
    )
    assert space.function == str(tmp_path / "mine.py:run")
    assert axes(space) == {"lr": {"kind": "float", "low": 0.0, "high": 2.0}}


def test_a_parameter_of_some_trials_gets_its_condition(tmp_path: Path) -> None:
    study = made(tmp_path)
    opt = CHOICE(["adam", "sgd", None])
    for value in ("adam", "sgd", None):
        params: Any = {"opt": (opt, value)}
        params |= {"momentum": (FLOAT(0, 1), 0.9)} if value == "sgd" else {}
        params |= {"eps": (FLOAT(0, 1), 0.9)} if value != "sgd" else {}
        add(study, params)
    draft = converted(str(tmp_path / "study.log"))
    assert set(told(draft)[:2]) == {"momentum", "eps"}
    found = axes(loaded(draft, tmp_path))
    assert found["momentum"]["when"] == {"opt": ["sgd"]}
    assert found["eps"]["when"] == {"opt": ["adam", None]}


def test_a_parameter_of_some_trials_that_nothing_explains_is_told(tmp_path: Path) -> None:
    study = made(tmp_path)
    for value in (0.1, 0.2):
        params: Any = {"lr": (FLOAT(0, 1), value)}
        more = {"x": (INT(1, 4), 2), "one": (CHOICE([7]), 7)}
        add(study, params | (more if value > 0.1 else {}))
    draft = converted(str(tmp_path / "study.log"))
    for name in ("x", "one"):
        assert f"{name}: 1 of 2 trials drew it: say when" in "\n".join(draft.lost)
    assert "when" not in axes(loaded(draft, tmp_path))["x"]


def test_several_directions_are_scores_by_their_names(tmp_path: Path) -> None:
    study = made(tmp_path, directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "accuracy"])
    add(study, {"x": (FLOAT(0, 1), 0.5)})
    space = loaded(converted(str(tmp_path / "study.log")), tmp_path)
    assert space.directions == ("minimize", "maximize")
    assert [score.metric for score in space.scores] == ["loss", "accuracy"]


def test_a_parameter_called_seed_is_the_seeds(tmp_path: Path) -> None:
    add(made(tmp_path), {"seed": (CHOICE([3, 5]), 3), "x": (FLOAT(0, 1), 0.5)})
    draft = converted(str(tmp_path / "study.log"))
    assert loaded(draft, tmp_path).seeds == (3, 5) and "seed" in told(draft)


def test_sqlite_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "odd name #1.db"
    study = optuna.create_study(storage=f"sqlite:///{file}", study_name="one")
    add(study, {"lr": (FLOAT(1e-5, 0.1, log=True), 0.01)})
    before = file.read_bytes()
    file.chmod(0o444)
    for source in (str(file), f"sqlite:///{file}"):
        space = loaded(converted(source), tmp_path)
        assert axes(space) == {"lr": {"kind": "float", "low": 1e-5, "high": 0.1, "log": True}}
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.glob("odd*")] == [file.name]


def test_one_of_several_studies_is_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        add(made(tmp_path, name), {name: (FLOAT(0, 1), 0.5)})
    source = str(tmp_path / "study.log")
    assert list(loaded(converted(source, study="two"), tmp_path).axes) == ["two"]
    with pytest.raises(SweeperError, match=r"study= is needed, as .* holds 2: one, two"):
        converted(source)
    with pytest.raises(SweeperError, match=r"has no study 'twoo' \(did you mean 'two'\?\)"):
        converted(source, study="twoo")


def test_a_study_without_trials_says_nothing_of_its_parameters(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(SweeperError, match="no trial with a parameter"):
        converted(str(tmp_path / "study.log"))


def test_what_is_no_storage_is_refused(tmp_path: Path) -> None:
    import sqlite3

    sqlite3.connect(tmp_path / "other.db").execute("create table t (x)").connection.close()
    (tmp_path / "text.db").write_text("no database" * 99)
    (tmp_path / "torn.log").write_text('{"op_code": 0, "worker_id": "a"\n{"op_code"\n')
    for source, said in {
        f"sqlite:///{tmp_path}/none.db": "there is no such file",
        f"sqlite:///{tmp_path}": "there is no such file",
        f"sqlite:///{tmp_path}/other.db": "it has no table of studies",
        f"sqlite:///{tmp_path}/text.db": "cannot be read: file is not a database",
        "nosuchthing://x": "cannot be opened",
    }.items():
        with pytest.raises(SweeperError, match=said):
            converted(source)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(SweeperError):
        converted(str(tmp_path / "torn.log"))
