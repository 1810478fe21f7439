"""Trials that diverged, as samplers and pruners see them: worse than all others, and no failure."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from sweeper.study.sampling.advisor import Advisor
from sweeper.study.sampling.optuna_memory import OptunaMemory, quiet
from tests.helpers.advised_study import maker

OVER = {"x": FloatDistribution(0.0, 1.0)}


def advised(sampler, trials, sign):
    """Which of as many trials diverged: all above 0.5; of the others that at 0.2 is best."""
    memory = OptunaMemory("study", ["maximize" if sign > 0 else "minimize"])
    lost = []
    with quiet():
        for number in range(trials):
            x = memory.ask(sampler(number)).suggest_float("x", 0.0, 1.0)
            lost.append(x > 0.5)
            if lost[-1]:
                memory.end(number, TrialState.COMPLETE, None)
            else:
                memory.end(number, TrialState.COMPLETE, [sign * (-9.0 - abs(x - 0.2))])
            memory.sink()
    return lost


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["maximize", "minimize"])
def test_tpe_is_not_drawn_to_what_diverges(sign):
    """Honest scores are far below the low of their task, which diverged trials had once."""
    lost = advised(lambda number: optuna.samplers.TPESampler(seed=number), 60, sign)
    assert sum(lost[20:]) <= 10, "of 40"


def test_a_gaussian_process_leaves_what_diverges():
    """It would propose the same region for ever, towards which all others get better."""
    memory = OptunaMemory("study", ["maximize"])
    with quiet():
        for number, x in enumerate((0.1, 0.6, 0.2, 0.7, 0.3, 0.8, 0.4, 0.9)):
            memory.add({"x": x}, OVER, {})
            if x > 0.5:
                memory.end(number, TrialState.COMPLETE, None)
            else:
                memory.end(number, TrialState.COMPLETE, [x - 9.0])
        memory.sink()
        sampler = optuna.samplers.GPSampler(seed=1, n_startup_trials=5)
        assert memory.ask(sampler).suggest_float("x", 0.0, 1.0) < 0.55


def test_what_diverged_is_a_little_worse_than_the_worst_and_sinks_with_it():
    memory = OptunaMemory("study", ["maximize", "minimize"])
    for number in range(5):
        memory.add({"x": number / 5}, OVER, {})
    memory.end(0, TrialState.COMPLETE, None)
    memory.sink()
    assert memory.trials()[0].state == TrialState.FAIL, "there is nothing to be worse than"
    memory.end(1, TrialState.COMPLETE, [-3.0, 2.0])
    memory.sink()
    assert memory.trials()[0].values == pytest.approx([-3.1, 2.1])
    memory.end(2, TrialState.COMPLETE, None)
    memory.end(3, TrialState.COMPLETE, [-2.0, 7.0])
    memory.sink()
    for trial in (0, 2):
        assert memory.trials()[trial].state == TrialState.COMPLETE
        assert memory.trials()[trial].values == pytest.approx([-3.1, 7.1])
    assert memory.trials()[1].values == [-3.0, 2.0] and not memory.trials()[4].state.is_finished()


FUNCTION = """
def train(config, run):
    for step in range(1, run.steps + 1):
        run.report(step, score=float("nan") if config["x"] > 1 and step > 1 else -config["x"] - 20)
"""


@pytest.fixture
def pruned(tmp_path):
    """A study of which trials above 1 diverge after their first report."""
    make = maker(tmp_path)
    begun = make(
        axes={"x": {"kind": "int", "values": [0, 1, 2, 3]}},
        sampler="grid",
        trials=None,
        pruner={"median": {"n_startup_trials": 1, "seeds": 1}},
    )
    (tmp_path / "f.py").write_text(FUNCTION)
    return begun


def test_a_pruner_is_shown_what_is_worse_than_all_else(pruned):
    from tests.helpers.advised_study import work

    done = work(pruned)
    ledger_state = done.ledger_state()
    advisor = Advisor(done, ledger_state, None)
    advisor.feed()
    trials = advisor.memory.trials()
    shown = [trial.intermediate_values for trial in trials]
    honest = [value for own in shown[:2] for value in own.values()]
    assert all(value < min(honest) for own in shown[2:] for step, value in own.items() if step > 1)
    assert not any(trial.state == TrialState.COMPLETE for trial in trials[2:] if not trial.values)
