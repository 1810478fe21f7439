"""The best configurations meet fresh seeds, which no trial is judged by."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from sweeper import stats
from sweeper.cli.commands import run
from sweeper.cli.run_options import RerankOptions
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.results import frames
from sweeper.results.ranking import fresh_outcome, fresh_runs
from sweeper.space.digest import digest
from sweeper.space.overrides import parse_words
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.worked_study import work

INLINE = {"dispatch": "inline"}
LUCKY = """
SCORES = {"solid": (6, 6, 6, 6, 6), "lucky": (4, 4, 4, 4, 4), "poor": (1, 1, 1, 1, 1)}
FRESH = {"solid": 6, "lucky": 4, "poor": 1}
def train(config, run):
    lucky = config["kind"] == "lucky" and run.seed < 5
    return (9 if lucky else FRESH[config["kind"]]) + run.seed % 5 / 10
"""


@pytest.fixture
def space_file(space_file):
    """Without figures, at which nobody looks here."""
    keys = yaml.safe_load(space_file.read_text()) | {"figures": []}
    space_file.write_text(yaml.safe_dump(keys, sort_keys=False))
    return space_file


def reranked(done: Study, words: dict[str, str]) -> int:
    return run.rerank(done, RerankOptions.of(words))


def others(done: Study) -> Study:
    return Study.open(fresh_runs.folder_of(done))


def test_held_out_seeds_judge_no_trial_and_are_no_runs(make_study):
    done = work(make_study("seeds={tune: 5, test: 4}"))
    assert done.space.seeds == (0, 1, 2, 3, 4) and done.space.held_out == (5, 6, 7, 8)
    assert {run.seed for run in done.plan.runs} == {0, 1, 2, 3, 4}
    before = frames.trials(done, done.ledger_state())
    assert reranked(done, {**INLINE, "top": "2"}) == 0
    assert frames.trials(done, done.ledger_state()).equals(before)
    assert {run.seed for run in others(done).plan.runs} == {5, 6, 7, 8}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["seeds={tune: 3, tset: 4}"], r"seeds.tset is an unknown key \(did you mean 'test'\?\)"),
        (["seeds={test: 4}"], "seeds needs the key 'tune'"),
        (["seeds={tune: 4, test: [7, 3]}"], "seeds.test must be other seeds than tune, .* have 3"),
        (["seeds={tune: 0, test: 4}"], "seeds.tune must be a whole number of at least 1"),
        (["seeds={tune: 4, test: [-1]}"], r"seeds.test\[0\] must be a whole number of at least 0"),
    ],
)
def test_held_out_seeds_that_are_wrong(space_file, words, says):
    with pytest.raises(SweeperError, match=says):
        load(space_file, None, parse_words(words, ())[1])


def test_a_study_is_the_same_with_other_seeds_held_out(space_file):
    plain, held = (
        load(space_file, None, parse_words([f"seeds={seeds}"], ())[1])
        for seeds in ("3", "{tune: 3, test: 4}")
    )
    assert digest(plain) == digest(held)


def test_the_best_train_again_with_just_their_parameters(make_study):
    done = work(make_study("seeds={tune: 5, test: 4}"))
    table = frames.trials(done, done.ledger_state()).sort_values("value", ascending=False)
    reranked(done, {**INLINE, "top": "2"})
    again = others(done)
    chosen = [int(trial) for trial in table["trial"].head(2)]
    assert [trial.labels for trial in again.plan.trials] == [
        {"configuration": f"trial {trial}"} for trial in chosen
    ]
    for ours, theirs in enumerate(chosen):
        params = again.plan.configuration(ours).params
        assert params == done.plan.configuration(theirs).params
    found = fresh_outcome.outcome(done)
    assert found is not None and found.seeds == [5, 6, 7, 8] and not found.spent
    fresh = frames.trials(again, again.ledger_state())["value"]
    assert sorted(row.fresh.value for row in found.rows) == sorted(fresh)
    for row in found.rows:
        assert row.gap.point == pytest.approx(row.tuned.value - row.fresh.value)
        assert row.gap.low is None, "of four fresh seeds"
    assert not any(np.isfinite(row.fresh.low) for row in found.rows), "four seeds: unknown"


def test_more_configurations_and_seeds_join_those_before(make_study):
    done = work(make_study("seeds={tune: 5, test: 2}"))
    reranked(done, {**INLINE, "top": "1"})
    first = {run.id for run in others(done).plan.runs}
    reranked(done, {**INLINE, "top": "3", "seeds": "4"})
    again = others(done)
    assert again.space.seeds == (5, 6, 7, 8) and len(again.plan.trials) == 3
    assert first < {run.id for run in again.plan.runs}
    reranked(done, {**INLINE, "top": "2", "seeds": "1"})
    assert len(others(done).plan.runs) == 12, "what was trained stays"


def test_whoever_ends_the_last_fresh_run_writes_the_first_report_anew(make_study):
    """As a worker on a cluster does, whose `sweeper rerank` left long ago."""
    done = work(make_study("seeds={tune: 5, test: 5}"))
    assert "On fresh seeds" not in done.paths.report.read_text()
    started = studies.start(fresh_runs.folder_of(done), fresh_runs.space_of(done, 2, None))
    first = fresh_runs.first_of(started)
    assert first is not None and first.folder == done.folder and fresh_runs.first_of(done) is None
    work(started)
    assert "2 configurations on the fresh seeds 5 to 9" in done.paths.report.read_text()


def test_claims_and_rungs_stay_with_the_study_they_are_of(make_study):
    tuned = ["seeds={tune: [2, 3], test: 2}", "claims={best: 'score(size=0.1) > score(size=0.3)'}"]
    done = work(make_study(*tuned))
    reranked(done, {**INLINE, "top": "2"})
    other = others(done)
    assert not other.space.claims and not other.space.rungs and other.space.seeds == (3, 4)
    found = fresh_outcome.outcome(done)
    assert found is not None and found.lead.low is None and len(found.rows) == 2


def test_a_configuration_of_defaults_alone_meets_fresh_seeds_too(make_study):
    axes = ["axes.width.values=[1]", "axes.size.values=[0.5, 1.0]"]
    done = work(make_study(*axes, "seeds={tune: 2, test: 2}"))
    reranked(done, {**INLINE, "top": "2"})
    assert len(others(done).plan.runs) == 4 and others(done).ended


def test_seeds_that_trials_are_judged_by_since_do_not_count(make_study, space_file):
    done = work(make_study("seeds={tune: 2, test: 3}"))
    reranked(done, {**INLINE, "top": "1"})
    space = load(space_file, None, parse_words(["seeds=4"], ())[1])
    grown = work(studies.start(done.folder, space, extend=True))
    found = fresh_outcome.outcome(grown)
    assert found is not None and (found.seeds, found.spent) == ([4], [2, 3])
    assert found.title == "1 configuration on the fresh seed 4"
    assert found.luck.low is None, "one seed does not tell"
    assert [row.fresh.n for row in found.rows] == [1]
    assert list(fresh_outcome.lines(grown))[-1].startswith("seeds 2, 3 do not count")
    reranked(grown, {**INLINE, "top": "1", "seeds": "2"})
    found = fresh_outcome.outcome(grown)
    assert found is not None and found.seeds == [4, 5]


def test_how_much_of_the_win_was_luck(tmp_path):
    (tmp_path / "lucky.py").write_text(LUCKY)
    path = tmp_path / "lucky.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "study": "lucky",
                "function": "lucky.py:train",
                "axes": {"kind": {"kind": "choice", "values": ["solid", "lucky", "poor"]}},
                "tasks": {"a": {"low": 0, "high": 10}},
                "seeds": {"tune": 5, "test": 5},
                "steps": 1,
                "score": {"metric": "value", "aggregate": "mean"},
            }
        )
    )
    done = work(studies.start(tmp_path / "studies" / "lucky", load(path)))
    reranked(done, {**INLINE, "top": "2"})
    found = fresh_outcome.outcome(done)
    assert found is not None
    assert [done.plan.trials[row.trial].labels["kind"] for row in found.rows] == ["solid", "lucky"]
    assert [row.gap.point for row in found.rows] == pytest.approx([0.0, 0.5])
    assert all(row.gap.low < row.gap.point < row.gap.high for row in found.rows)
    assert found.lead.point == pytest.approx(0.3), "0.92 - 0.62"
    assert found.luck.point == 1.0, "it lost 0.5 of that"
    said = list(fresh_outcome.lines(done))
    assert said[0] == "lucky: 2 configurations on the fresh seeds 5 to 9"
    assert said[4].endswith(f"with {found.rows[1].tuned}, {found.rows[1].change}")
    assert said[-1].endswith(
        "gives way to trial 0; all of its lead over the median trial, 0.3 (no spread), was luck"
    )


def test_a_winner_without_a_score_on_fresh_seeds_is_named(tmp_path):
    """Its fresh runs fail: neither is another called the winner, nor is it passed over."""
    (tmp_path / "fails.py").write_text(
        "def train(config, run):\n"
        "    if config['k'] == 3 and run.seed >= 5:\n        raise ValueError('fresh')\n"
        "    return config['k']\n"
    )
    space = {
        "study": "fails",
        "function": "fails.py:train",
        "axes": {"k": {"kind": "choice", "values": [1, 2, 3]}},
        "tasks": {"a": {"low": 0, "high": 10}},
        "seeds": {"tune": 5, "test": 5},
        "steps": 1,
        "score": {"metric": "value"},
        "limits": {"failures": 1},
    }
    path = tmp_path / "fails.yaml"
    path.write_text(yaml.safe_dump(space))
    done = work(studies.start(tmp_path / "studies" / "fails", load(path)))
    reranked(done, {**INLINE, "top": "2"})
    found = fresh_outcome.outcome(done)
    assert found is not None and found.winner == 2 and found.luck.low is None
    assert found.without == {2: "5 failed of 5 runs"}
    assert [(row.trial, row.place) for row in found.rows] == [(1, 2)]
    assert found.verdict.endswith("has no score on fresh seeds: 5 failed of 5 runs")
    assert "trial 2: 5 failed of 5 runs" in "\n".join(fresh_outcome.lines(done))
    assert "trial 2 has no score on fresh seeds" in done.paths.report.read_text()
    axes = {"k": {"kind": "choice", "values": [1, 2, 3, 4]}}
    path.write_text(yaml.safe_dump({**space, "axes": axes}))
    grown = work(studies.start(done.folder, load(path), extend=True))
    found = fresh_outcome.outcome(grown)
    assert found is not None and found.verdict.startswith("trial 3, the best by")
    assert found.verdict.endswith("was not re-ranked")


def test_a_study_that_happens_to_be_called_like_that_is_left_alone(make_study):
    done, other = work(make_study()), make_study(name="hops.rerank")
    assert fresh_outcome.outcome(done) is None
    with pytest.raises(SweeperError, match=r"hops.rerank is a study of another kind"):
        reranked(done, {**INLINE, "seeds": "2"})
    assert other.ledger_state().runs == {}


def test_what_cannot_be_reranked(make_study):
    started = make_study()
    with pytest.raises(SweeperError, match="hops: no trial is complete yet") as caught:
        reranked(started, {**INLINE, "seeds": "2"})
    assert caught.value.exit_code == 1
    done = work(started)
    with pytest.raises(SweeperError, match="seeds= is needed, the number of fresh seeds"):
        reranked(done, INLINE)
    with pytest.raises(SweeperError, match="top must be a whole number from 1, but got 'x'"):
        reranked(done, {**INLINE, "top": "x"})
    reranked(done, {**INLINE, "seeds": "1", "top": "1"})
    with pytest.raises(SweeperError, match="holds what was re-ranked already"):
        reranked(others(done), {**INLINE, "seeds": "1"})


def test_a_gap_is_said_as_worse_or_better():
    def said(*numbers: float | None) -> str:
        score = fresh_outcome.SeedScore(0.5, np.nan, np.nan, 5)
        gap = stats.Estimate(*numbers, 10)
        return fresh_outcome.Reranked(0, "a", 1, score, score, gap).change

    assert said(0.5, 0.25, 0.75) == "0.50 (0.25 to 0.75) worse on fresh seeds"
    assert said(-0.5, -0.75, 0.25) == "0.5 (-0.2 to 0.8) better on fresh seeds"
    assert said(0.0, 0.0, 0.0) == "the same (no spread) on fresh seeds"
    assert said(-0.5, None, None) == "0.5 (interval unknown) better on fresh seeds"


def test_intervals_overlap_where_both_are_known():
    first, second, third = (
        fresh_outcome.SeedScore(0.5, *ends, 5) for ends in ((0, 2), (1, 3), (2.5, 4))
    )
    unknown = fresh_outcome.SeedScore(0.5, np.nan, np.nan, 5)
    assert first.overlaps(second) and second.overlaps(first) and second.overlaps(third)
    assert not first.overlaps(third) and not third.overlaps(first)
    assert not first.overlaps(unknown) and not unknown.overlaps(first)
