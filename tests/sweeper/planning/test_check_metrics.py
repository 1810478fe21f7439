"""What an agent says of a space reaches its user: metrics that it adds, why a task is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load

SPACE = """\
study: demo
agent: dqn
fixed: {{diagnostics: [{asked}], diagnostics.every: 100}}
axes: {{optimizer.lr: {{kind: float, values: [1e-3]}}}}
tasks: {{minatar/breakout: {{low: 0, high: 20}}}}
seeds: 1
steps: 200
evaluation: {{every: 100, episodes: 1}}
score: {{metric: {score}}}
figures: [{{curves: {{metric: {drawn}}}}}]
"""


def loaded(folder: Path, asked: str, score: str, drawn: str) -> None:
    path = folder / "x.yaml"
    path.write_text(SPACE.format(asked=asked, score=score, drawn=drawn))
    load(path)


def test_what_is_asked_for_may_be_scored_and_drawn(tmp_path: Path) -> None:
    loaded(tmp_path, "effective_rank, gradient_norms", "srank", "grad_norm_critic")


@pytest.mark.parametrize(
    ("asked", "score", "drawn", "says"),
    [
        ("", "srank", "return", r"x.yaml:9: score.metric must be a metric of agent dqn.*'srank'"),
        ("effective_rank", "return", "sigma_2", r"x.yaml:10: .*metric.*'sigma_2'.*srank"),
        ("effective_rank", "grad_norm_actor", "q", r"x.yaml:9: .*'grad_norm_actor'"),
        ("gradient_norms", "grad_norm_actor", "q", r"x.yaml:9: .*'grad_norm_actor'"),  # DQN's none
        (
            "srank",
            "return",
            "q",
            r"x.yaml:3: fixed.diagnostics cannot .*unknown diagnostic 'srank'; .*effective_rank",
        ),
    ],
)
def test_what_is_not_asked_for_is_refused(
    tmp_path: Path, asked: str, score: str, drawn: str, says: str
) -> None:
    with pytest.raises(SweeperError, match=says):
        loaded(tmp_path, asked, score, drawn)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ("minatar/braekout", "unknown task 'minatar/braekout' (did you mean 'minatar/breakout'?);"),
        ("navigation/2", "this agent's actions are choices, those of 'navigation/2' are numbers"),
        ("dmc/lqr-lqr_6_2", "'dmc/lqr-lqr_6_2' cannot be had: its actions have no bounds"),
    ],
)
def test_a_task_is_refused_with_the_agents_reason(tmp_path: Path, task: str, says: str) -> None:
    path = tmp_path / "x.yaml"
    text = SPACE.format(asked="", score="return", drawn="return")
    path.write_text(text.replace("minatar/breakout", task))
    with pytest.raises(SweeperError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:5: tasks.{task} is no task of agent dqn: {says}")


COUNTED = """\
study: demo
agent: td3
fixed: {{{fixed}}}
axes: {{{axes}}}
tasks: {{navigation/2: {{low: 0, high: 1}}}}
seeds: 1
steps: 200
evaluation: {{every: 100, episodes: 1}}
score: {{metric: return}}
figures: [{{curves: {figure}}}]
{more}
"""
ENVIRONMENTS = "collect.envs_per_core: {kind: int, values: [1, 2]}"


@pytest.mark.parametrize(
    ("fixed", "figure", "says"),
    [
        ("", "{x: updates}", r"x.yaml:10: figures\[0\].curves.x is updates, which runs do not "),
        (
            "",
            "{x: env_steps}",
            "do not report where collect.envs_per_core=1 on navigation/2: they do with fixed",
        ),
        ("collect.env_steps_per_update: 1", "{x: updates}", None),
        ("", "{x: updates, where: collect.envs_per_core=2}", None),
        ("", "{}", None),
    ],
)
def test_curves_against_what_some_configurations_do_not_report_are_refused(
    tmp_path: Path, fixed: str, figure: str, says: str | None
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(COUNTED.format(axes=ENVIRONMENTS, fixed=fixed, figure=figure, more=""))
    if says is None:
        load(path)
        return
    with pytest.raises(SweeperError, match=says):
        load(path)


BY_TASK = "by_task: {navigation/2: {collect.env_steps_per_update: 1}}"


@pytest.mark.parametrize(
    ("axes", "more", "told"),
    [
        ("gamma: {kind: float, values: [0.9, 0.99]}", BY_TASK, []),
        ("gamma: {kind: float, values: [0.9, 0.99]}", "", ["curves.x"]),
        (
            "diagnostics: {kind: choice, values: {a: [], b: [nonsense]}}",
            BY_TASK,
            ["axes.diagnostics cannot be trained"],
        ),
        (
            "diagnostics: {kind: choice, values: {a: [], b: [log_pi, log_pi]}}",
            "",
            ["curves.x", "axes.diagnostics cannot be trained"],
        ),
        (
            "how: {kind: variant, values: {a: {collect.env_steps_per_update: 1, gamma: 7}}}",
            "",
            ["axes.how.values.a"],
        ),
        (
            "gamma: {kind: float, values: [0.9]}",
            "limits: {deaths: 0}",
            ["limits.deaths", "curves.x"],
        ),
    ],
)
def test_what_runs_report_is_judged_by_what_each_has_on_its_task(
    tmp_path: Path, axes: str, more: str, told: list[str]
) -> None:
    """Beside other mistakes it is told where these do not say which parameters runs have."""
    path = tmp_path / "x.yaml"
    path.write_text(COUNTED.format(axes=axes, fixed="", figure="{x: updates}", more=more))
    if not told:
        load(path)
        return
    with pytest.raises(SweeperError) as raised:
        load(path)
    lines = str(raised.value).splitlines()
    assert len(lines) == len(told)
    assert all(any(one in line for line in lines) for one in told)


@pytest.mark.parametrize("value", ["[updates]", "{a: 1}", "3", "lr"])
def test_curves_have_no_other_clock(tmp_path: Path, value: str) -> None:
    path = tmp_path / "x.yaml"
    figure = f"{{x: {value}}}"
    path.write_text(COUNTED.format(axes=ENVIRONMENTS, fixed="", figure=figure, more=""))
    with pytest.raises(SweeperError, match=r"x.yaml:10: figures\[0\].curves.x must be one of up"):
        load(path)
