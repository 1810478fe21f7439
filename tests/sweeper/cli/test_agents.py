"""What `sweeper agents` says, of the agents that there are."""

from __future__ import annotations

import pytest

from sweeper import lookup
from sweeper.cli.commands import agents
from sweeper.errors import SweeperError
from tests.helpers.paths import COUNTER_AGENT


def test_all_agents_are_listed_with_what_they_are():
    listed = [line.split(maxsplit=1) for line in agents.agents()]
    assert [name for name, _ in listed] == lookup.names("agents.learners")
    assert all(about.endswith(".") for _, about in listed)


@pytest.mark.parametrize("name", lookup.names("agents.learners"))
def test_every_parameter_metric_and_task_of_an_agent_is_told(name):
    learner = lookup.find("agents.learners", name)
    lines = list(agents.agent(name))
    rows = [line[2:].split() for line in lines[2:-2]]
    assert [row[0] for row in rows] == list(learner.parameters)
    assert all(len(row) > 2 for row in rows), "a default and what is valid"
    marked = {row[0] for row, line in zip(rows, lines[2:], strict=False) if line.startswith("*")}
    assert marked == {key for key, known in learner.parameters.items() if known.packable}
    assert lines[-2] == f"metrics: {', '.join(learner.metrics)}"
    assert lines[-1] == f"tasks: {', '.join(learner.tasks())}"


def test_ranges_and_choices_are_those_that_are_checked():
    rows = {line[2:].split()[0]: line for line in list(agents.agent("sac"))[2:-2]}
    assert rows["target.tau"].split(maxsplit=3)[1:] == ["target.tau", "0.005", "number from 0 to 1"]
    assert rows["actor.activation"].endswith("relu, swish, gelu, mish, elu, leaky_relu, tanh")
    assert rows["critics"].split(maxsplit=1)[1].split(maxsplit=1)[1] == "whole number from 1"


def test_an_agent_of_ones_own():
    lines = list(agents.agent(f"{COUNTER_AGENT}:Counter"))
    assert lines[1].split() == ["*", "size", "1.0", "number"]
    assert lines[-1] == "tasks: line, ring"


def test_an_unknown_agent_is_told_the_others():
    with pytest.raises(SweeperError, match=r"did you mean 'td3'.*valid: c51, ddpg, dqn, drq, sac"):
        list(agents.agent("tds"))
