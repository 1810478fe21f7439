"""What sweeper uses of Optuna beyond its documentation: another version must do the same."""

from __future__ import annotations

import warnings

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from sweeper.study.sampling.optuna_memory import OptunaMemory, constraints_of, quiet

OVER = {"x": FloatDistribution(0.0, 1.0)}


def filled(*values, pruner=None):
    memory = OptunaMemory("study", ["minimize"], pruner)
    for number, value in enumerate(values):
        memory.add({"x": value}, OVER, {})
        memory.end(number, TrialState.COMPLETE, [value])
    return memory


def test_forgotten_numbers_are_given_again():
    memory = filled(0.1, 0.2)
    for _ in range(3):
        asked = memory.ask(optuna.samplers.RandomSampler(seed=1))
        assert asked.number == 2 and asked.suggest_float("x", 0.0, 1.0) == pytest.approx(0.417022)
        memory.forget(2)
    memory.add({"x": 0.3}, OVER, {})
    memory.report(2, 1, 0.5)
    memory.end(2, TrialState.COMPLETE, [0.3])
    assert [trial.number for trial in memory.trials()] == [0, 1, 2]
    assert [trial.values for trial in memory.trials()] == [[0.1], [0.2], [0.3]]
    assert memory.trials()[2].intermediate_values == {1: 0.5}


def test_attributes_of_the_study_are_set_and_restored():
    memory = filled(0.1)
    memory.set_attributes({"generation": 1})
    before = dict(memory.attributes())
    memory.set_attributes({"generation": 2, "other": True})
    assert memory.attributes() == {"generation": 2, "other": True}
    memory.restore_attributes(before)
    assert memory.attributes() == {"generation": 1}


def test_successive_halving_keeps_its_rungs_in_attributes():
    """They go through the ledger: without them a trial that is judged again is not pruned."""
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    memory = OptunaMemory("study", ["minimize"], pruner)
    for number, value in enumerate((0.1, 0.9)):
        memory.add({"x": value}, OVER, {})
        memory.report(number, 1, value)
        assert memory.should_prune(number) == (number == 1)
    kept = memory.trial_attributes(0)
    assert kept
    replayed = OptunaMemory("study", ["minimize"], pruner)
    replayed.add({"x": 0.1}, OVER, {})
    replayed.set_trial_attributes(0, kept)
    assert replayed.trial_attributes(0) == kept
    replayed.add({"x": 0.9}, OVER, {})
    replayed.report(1, 1, 0.9)
    assert replayed.should_prune(1)
    assert memory.prunes and not filled().prunes


def test_a_sampler_takes_over_the_search_space_of_the_one_before():
    """So of a thousand trials it looks at the new ones; what it chooses is the same."""

    def asked(memory):
        trial = memory.ask(optuna.samplers.TPESampler(seed=3, n_startup_trials=1))
        return trial.suggest_float("x", 0.0, 1.0)

    with quiet():
        fresh, used = filled(0.1, 0.5, 0.9), filled(0.1, 0.5, 0.9)
        used.ask(optuna.samplers.TPESampler(seed=9, n_startup_trials=1)).suggest_float("x", 0, 1)
        used.forget(3)
        assert asked(used) == asked(fresh)


def test_it_is_quiet_and_leaves_the_rest_as_it_was(capfd):
    before = optuna.logging.get_verbosity()
    with pytest.raises(KeyError), quiet():
        optuna.create_study()
        warnings.warn("experimental", optuna.exceptions.ExperimentalWarning, stacklevel=1)
        raise KeyError
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


def test_trials_of_earlier_studies_stand_before_those_that_count():
    memory = OptunaMemory("study", ["maximize"])
    over = {"x": FloatDistribution(0.0, 1.0)}
    for x, values in ((0.1, [3.0]), (0.2, None), (0.3, [5.0])):
        memory.learn({"x": x}, over, values)
    memory.sink()
    assert [trial.values for trial in memory.earlier()] == [[3.0], [2.9], [5.0]]
    assert memory.trials() == []
    memory.add({"x": 0.4}, over, {})
    memory.add({"x": 0.5}, over, {"kept": 1})
    memory.end(0, TrialState.COMPLETE, [1.0])
    memory.end(1, TrialState.COMPLETE, None)
    memory.sink()
    assert [trial.params["x"] for trial in memory.trials()] == [0.4, 0.5]
    assert [trial.values for trial in memory.trials()] == [[1.0], [0.9]]
    assert memory.earlier()[1].values == [0.9] and memory.trial_attributes(1) == {"kept": 1}
    memory.forget(1)
    assert len(memory.trials()) == 1 and len(memory.earlier()) == 3


def test_what_is_unknown_of_a_constraint_is_a_little_more_than_any_breaks_it_by():
    memory = OptunaMemory("study", ["minimize"])
    for number, excess in enumerate([[0.5], [-0.5], [None], [0.25]]):
        memory.add({"x": number / 10}, OVER, {})
        memory.end(number, TrialState.COMPLETE, [1.0], excess)
    told = [constraints_of(trial) for trial in memory.trials()]
    assert told == [[0.5], [-0.5], [0.6], [0.25]]


@pytest.mark.parametrize("constrained", [True, False])
def test_samplers_find_by_how_much_constraints_are_broken(constrained):
    """Large numbers are better, and above 0.3 they break the constraint."""
    memory = OptunaMemory("study", ["minimize"])
    for number in range(40):
        x = (number * 7 % 40) / 40
        memory.add({"x": x}, OVER, {})
        memory.end(number, TrialState.COMPLETE, [-x], [x - 0.3] if constrained else None)
    draws = []
    with quiet():
        told = {"constraints_func": constraints_of} if constrained else {}
        sampler = optuna.samplers.TPESampler(n_startup_trials=1, seed=0, **told)
        for _ in range(20):
            draws.append(memory.ask(sampler).suggest_float("x", 0.0, 1.0))
            memory.forget(40)
    assert (sorted(draws)[10] < 0.5) == constrained
