"""The steps at which pruners judge, and what is said of numbers that mean something else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sweeper.planning.sampling import pruner_schedule
from sweeper.space.samplers import Pruner, pruner_rule


def space(pruner, steps=1000, every=None, seeds=1, tasks=1):
    """What the schedule asks of a space; without `every` it trains a function."""
    return SimpleNamespace(
        pruner=Pruner(**pruner_rule(pruner)),
        steps=steps,
        first_seeds=range(seeds),
        tasks=range(tasks),
        evaluation=None if every is None else SimpleNamespace(every=every),
        score=SimpleNamespace(metric="return"),
    )


def said(of, first=None):
    return list(pruner_schedule.lines(of, first or pruner_schedule.first_report(of)))


@pytest.mark.parametrize(
    ("pruner", "steps"),
    [
        ({"successivehalving": {"min_resource": 3}}, [3, 12, 48, 192, 768]),
        ("successivehalving", [10, 40, 160, 640]),
        ({"successivehalving": {"min_resource": 3, "min_early_stopping_rate": 2}}, [48, 192, 768]),
        ({"successivehalving": {"reduction_factor": 10}}, [10, 100, 1000]),
        ("hyperband", [10, 30, 90, 270, 810]),
        ({"hyperband": {"min_resource": 100, "reduction_factor": 2}}, [100, 200, 400, 800]),
        ({"hyperband": {"max_resource": 4}}, [4, 12, 36, 108, 324, 972]),
    ],
)
def test_the_steps_at_which_trials_are_halved(pruner, steps):
    assert pruner_schedule.rungs(space(pruner)) == steps


@pytest.mark.parametrize("pruner", ["successivehalving", "hyperband"])
def test_where_nothing_is_given_nothing_lies_below_an_agents_first_report(pruner):
    agent = space(pruner, every=100)
    assert pruner_schedule.rungs(agent)[0] == 100
    assert len(said(agent)) == 1


@pytest.mark.parametrize(
    ("pruner", "words"),
    [
        ({"successivehalving": {"min_resource": 3}},
         "successivehalving halves at steps 3, 12, 48, before the first report, at step 100, where "
         "these fall together: min_resource counts steps of a run, not reports, and 100 is the"),
        ({"hyperband": {"min_resource": 5}}, "hyperband halves at steps 5, 15, 45, before the fi"),
        ({"median": {"n_warmup_steps": 5}},
         "n_warmup_steps=5 changes nothing: it counts steps of a run, not reports, and the first "
         "report is at step 100"),
        ({"median": {"interval_steps": 10}}, "interval_steps=10 changes nothing: it counts steps"),
        ({"hyperband": {"max_resource": 500}},
         "max_resource=500 counts steps of a run, which has 1,000: hyperband's brackets are made "
         "for 500"),
    ],
)  # fmt: skip
def test_a_number_below_the_first_report_is_told(pruner, words):
    _, doubt = said(space(pruner, every=100))
    assert doubt.startswith(words)
    assert said(space(pruner), first=100)[-1] == doubt, "a function's, once it has reported"


@pytest.mark.parametrize(
    ("pruner", "key"),
    [
        ({"successivehalving": {"min_resource": 3}}, "min_resource=3"),
        ({"hyperband": {"min_resource": 1}}, "min_resource=1"),
        ({"median": {"n_warmup_steps": 5}}, "n_warmup_steps=5"),
        ({"median": {"interval_steps": 2}}, "interval_steps=2"),
    ],
)
def test_a_number_that_may_count_reports_is_told_before_a_function_has_run(pruner, key):
    _, doubt = said(space(pruner))
    assert doubt.startswith(f"{key} counts steps of a run, which has 1,000, and not reports")


@pytest.mark.parametrize(
    "pruner",
    [
        "median",
        {"median": {"n_warmup_steps": 200, "interval_steps": 100}},
        {"median": {"n_startup_trials": 3}},
        {"successivehalving": {"min_resource": 100, "reduction_factor": 2}},
        "wilcoxon",
    ],
)
def test_what_is_meant_is_not_doubted(pruner):
    assert len(said(space(pruner, every=100))) == len(said(space(pruner))) == 1


def test_a_metric_that_is_reported_at_the_end_alone_is_told():
    what = "the score's metric 'return' is reported at the end of a run only: median can end "
    assert said(space("median", every=1000))[1:] == [what + "no trial early"]
    between = [what + "trials between their runs, but no run early"]
    assert said(space("median", seeds=3), first=1000)[1:] == between
    careful = space({"median": {"seeds": 3}}, seeds=3)
    assert said(careful, first=1000)[1:] == [what + "no trial early"]


def test_what_is_judged_is_told():
    assert said(space({"median": {"n_warmup_steps": 200, "seeds": 2}}, seeds=5)) == [
        "median judges trials from step 200 of a run's 1,000 steps on, by as many of their 5 seeds "
        "as have come there, at least 2"
    ]
    assert said(space("wilcoxon", seeds=5)) == ["wilcoxon compares trials run by run, as runs end"]
