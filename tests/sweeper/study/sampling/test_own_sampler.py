"""A sampler of the user's own, in a file beside the space."""

from __future__ import annotations

import sys

import pytest

from sweeper.errors import SweeperError
from sweeper.space.digest import digest
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.advised_study import RANGES, maker, work
from tests.helpers.cases import each

SAMPLER = '''
"""Steps away from the best trial so far, ever less far: a (1 + 1) evolution strategy."""

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from widths import WIDTH


class Nearby(optuna.samplers.BaseSampler):
    def __init__(self, width: float = WIDTH, seed: int | None = None) -> None:
        self._width = width
        self._rng = np.random.default_rng(seed)

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, name, over):
        done = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
        low, high = (np.log(over.low), np.log(over.high)) if over.log else (over.low, over.high)
        centre = (low + high) / 2
        if done:
            best = max(done, key=lambda one: one.value).params[name]
            centre = np.log(best) if over.log else best
        value = self._rng.normal(centre, self._width * (high - low) / (1 + len(done)))
        value = float(np.clip(value, low, high))
        return min(max(float(np.exp(value)), over.low), over.high) if over.log else value


class Unseeded(Nearby):
    def __init__(self):
        super().__init__()


class Fails(Nearby):
    def sample_relative(self, study, trial, search_space):
        return {"lr": 1 / 0}


class Strays(Nearby):
    def sample_independent(self, study, trial, name, over):
        return 99.0


class Refuses(Nearby):
    def __init__(self, seed=None):
        raise ValueError("not on Mondays")


NUMBER = 3
'''


@pytest.fixture
def make(tmp_path):
    (tmp_path / "mine.py").write_text(SAMPLER)
    (tmp_path / "widths.py").write_text("WIDTH = 0.3\n")
    (tmp_path / "broken.py").write_text("class Broken:\n    x = 1 / 0\n")
    yield maker(tmp_path)
    for name in ("mine", "widths", "broken"):
        sys.modules.pop(name, None)
    sys.path[:] = [place for place in sys.path if place != str(tmp_path)]


def labels(found):
    return [dict(trial.labels) for trial in found.plan.trials]


def test_it_chooses_and_learns_and_its_seed_and_arguments_count(make):
    keys = {"trials": 8, "seeds": 1}
    found, again, seeded, wide = (
        work(make(name=name, sampler=sampler, **keys))
        for name, sampler in {
            "a": "mine.py:Nearby",
            "b": {"mine.py:Nearby": {}},
            "c": {"mine.py:Nearby": {"seed": 5}},
            "d": {"mine.py:Nearby": {"width": 3.0}},
        }.items()
    )
    assert found.ended and len(found.plan.trials) == 8
    assert labels(found) == labels(again) and digest(found.space) == digest(again.space)
    assert labels(found) != labels(seeded) and labels(found) != labels(wide)
    runs = found.ledger_state().runs
    *scores, _ = (runs[run.id].score for run in found.plan.runs)
    best = labels(found)[max(range(7), key=scores.__getitem__)]
    assert abs(labels(found)[-1]["size"] - best["size"]) < 4 * 0.3 * (9 - 1) / (1 + 7)


def test_it_takes_enqueued_and_earlier_trials_and_goes_on_as_one_that_was_not_stopped(make):
    before = work(make(name="before", sampler="random", trials=5, seeds=1))
    keys = {
        "sampler": "mine.py:Nearby",
        "seeds": 1,
        "enqueue": [{"size": 2.0}],
        "warm_start": before.name,
    }
    calm = work(make(name="calm", trials=5, **keys))
    begun = work(make(name="begun", trials=2, **keys))
    grown = work(make(name="begun", trials=5, extend=True, **keys))
    assert labels(grown) == labels(calm) and labels(begun) == labels(calm)[:2]
    assert labels(calm)[0]["size"] == 2.0


def test_its_code_and_what_it_imports_are_provenance(make, tmp_path):
    started = make(sampler="mine.py:Nearby", trials=2)
    code = started.versions[0].origin.code
    assert {"mine.py", "widths.py"} <= code.keys()
    (tmp_path / "widths.py").write_text("WIDTH = 0.5\n")
    with pytest.raises(SweeperError, match=r"began with other code: widths.py"):
        make(sampler="mine.py:Nearby", trials=2)
    assert studies.start(started.folder, started.space, other_code=True)


def test_a_moved_study_is_the_same(make, tmp_path):
    started = make(sampler="mine.py:Nearby", trials=2)
    other = started.space.sampler.model_copy(update={"name": "/elsewhere/mine.py:Nearby"})
    assert digest(started.space) == digest(started.space.model_copy(update={"sampler": other}))


@each(
    "name, said",
    [
        (
            "Fails",
            r"the sampler mine.py:Fails failed: ZeroDivisionError: division by zero \(mine.py:40\)",
        ),
        (
            "Strays",
            "the sampler mine.py:Strays chose what there is not: axes.lr must be from 1e-05 to",
        ),
    ],
)
def test_what_it_raises_is_told_with_its_line(make, name, said):
    started = make(name=name, sampler=f"mine.py:{name}", trials=2)
    with pytest.raises(SweeperError, match=said):
        work(started)
    assert not Study.open(started.folder).plan.trials


def test_one_that_takes_no_seed_is_told(make, caplog):
    make(sampler="mine.py:Unseeded")
    assert "mine.py:Unseeded takes no argument seed, so that nobody knows" in caplog.text


BAD = {
    "no such file": ("nine.py:Nearby", "sampler names 'nine.py:Nearby', but there is no such file"),
    "no such class": (
        "mine.py:Nearbye",
        "names 'mine.py:Nearbye', but the file does not define it (did you mean 'Nearby'?)",
    ),
    "no class": (
        "mine.py:NUMBER",
        "sampler must name a class that derives from optuna.samplers.BaseSampler, but "
        "mine.py:NUMBER is none",
    ),
    "no such argument": (
        {"mine.py:Nearby": {"widht": 0.5}},
        "sampler.widht is an unknown argument of Nearby (did you mean 'width'?); valid: width, "
        "seed",
    ),
    "what it refuses": (
        "mine.py:Refuses",
        "sampler refuses its arguments: ValueError: not on Mondays (mine.py:50)",
    ),
    "a file that cannot be imported": (
        "broken.py:Broken",
        "sampler cannot be imported: ZeroDivisionError: division by zero (broken.py:2)",
    ),
    "a seed that is none": (
        {"mine.py:Nearby": {"seed": "x"}},
        "seed must be a whole number of at least 0, but got 'x'",
    ),
}


@each("case", BAD)
def test_what_is_wrong_is_told(make, case):
    sampler, message = BAD[case]
    with pytest.raises(SweeperError) as error:
        make(sampler=sampler, axes=RANGES)
    assert message in str(error.value)
