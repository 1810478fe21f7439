"""Files that hold every kind of mistake at once are answered with each of them, once, in order."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.test_rooms import MODULES
from tests.helpers.paths import DATA, FAKE_AGENT
from tests.sweeper.planning.mistakes.test_every_mistake import answer

FILES = sorted((DATA / "mistakes").glob("*.yaml"))
MARK, BETWEEN = "#~ ", " | "
"""Behind the mark a line of a file says what each mistake on it is answered with."""

ELSEWHERE = {
    ", but got episodes and",
    ", which no deviation belongs to",
    "metrics, but got",
    "is no parameter of any trial there:",
    "must be a mapping, as in fixed: {states: 1000}",
    "must be a mapping, as in limits: {hours: 8}",
    "must be a number or a list of some, but got []",
    "must be text, a name",
    "needs streams <= steps, but got",
    "needs the key 'analysis', as in analysis: smoothness",
    "needs the study that it is of, which only a command finds",
    "), but a plan has at most",
    ", as in {from: 2020, count: 10}",
    ", but a plan has at most that many",
    ", but there is none",
    ", the configurations that the space has, but got",
    ", the steps of a run, or nothing is ever pruned, but got",
    ", which axes.",
    ", which is a helper: no run has it",
    ", which is no key of a space",
    ", which is not on PATH; the file beside the space is ./",
    ", which is the run's and a parameter's: rename that one",
    ", which moves together with the default of",
    ", which neither the space nor its scale sets",
    ", which takes one score, but the space has",
    "cannot be trained by",
    "cannot be trained: it lacks",
    "cannot count the layers of",
    "contradicts the direction of the first score",
    "has arguments that Optuna refuses:",
    "has no grid",
    "hold no trial: all",
    "hold two trials with the same parameters:",
    "is cmaes, which needs at least two axes that are ranges (low and high), but the space has",
    "is no block:",
    "makes more than",
    "must be an expression, as text, but got",
    "must be at most max_resource=",
    "must be less: the first step would be min_resource × reduction_factor^",
    "must be numbers of trials, as in 17, 3,17 or 0..4, but got none",
    "must be numbers of trials, low..high, but got",
    "must be more than the",
    "must be one value, but",
    "must go: successivehalving alone promotes trials,",
    "needs two rungs or more, but got",
    ", or nothing would pause, but got",
    "must go: all axes are a grid, which sampler: grid is alone",
    "must go, as an axis is of a kind of your own: give the axes that only some trials have a "
    "when, as in when: {opt: adam}, or write one space for each block",
    "must go: the space has blocks;",
    "must go: wilcoxon compares run by run, from n_startup_steps runs on",
    "must have a name for each task, but one is empty",
    "must have been frozen with",
    "must hold at least one task with its low and high, but is empty",
    "must join axes of the same length, but",
    "must name a class derived from sweeper.space.axes.AxisModel",
    "needs a network, but all combinations of other axes are dropped",
    "needs a package that is not installed:",
    "needs either episodes or steps: how long one evaluation is",
    "must go, as the space has",
    "needs sets here: what all_subsets are depends on all other axes",
    "needs the key 'evaluation', as in {every: 1000, episodes: 10}",
    "needs low and high, as it has no reference",
    "needs the key 'tune', as in {tune: 5, test: 10}",
    "random combinations are dropped",
    "runs, but a plan has at most",
    "sets a variable, which only a shell does: put env before it, as in [env,",
    "shapes, but got",
    "that each draw is tried with, but got",
    ", which is a grid of its own: grid: true stands on",
    ", which is not executable: chmod +x it, or put its interpreter before it, as in [",
    "is no axis: an axis of one block stands in it, as in blocks: {NAME: {axes: …}}",
    "must list agents by their names, as in values: [td3, sac]",
    ", of which a value tells both",
    ", which count in trials, but trials is",
    ", which must be said",
    "cannot be imported:",
    "is no valid configuration",
    "learns of no results; tpe, gp and cmaes do",
    "must be a list of configurations, as in [{lr: 1e-3}], but got",
    "must go: a grid runs all its configurations, samplers choose",
    "must go: hyperband's brackets each learn of their own trials alone",
    "must go: nsgaii breeds trials of its own alone; tpe, gp and cmaes take others",
    "must go: the space has blocks, each with axes of its own",
    "must name a metric for each bound, but one is empty",
    "must say values of axes, as in {lr: 1e-3}, but got",
    "refuses its arguments:",
    "repeats enqueue[",
    "must stand one level up:",
    ", as members are ranked by evaluations, but got",
    ", the rounds of a run, or its sub-population never evolves, but got",
    "cannot be searched:",
    "is one for all tasks, a key of the space",
    "must begin with 1 and rise, as in [1, 10, 25, 50], but got",
    "must go, as the space has blocks: write one space for each of them",
    "must stand one level up: it is a key of the space",
    "needs two factors or more, as in [0.8, 1.2], but got",
    "sub-populations, but got",
}
"""Parts of what is said only of a whole space, of what cannot stand beside the other mistakes, or
of what no file of a user holds: tested one by one elsewhere."""


def expected(text: str) -> list[str]:
    """The beginning of each line of the answer, in its order."""
    placed, unplaced = [], []
    for number, line in enumerate(text.splitlines(), 1):
        _, mark, said = line.partition(MARK)
        found = said.split(BETWEEN) if mark else []
        if line.startswith(MARK):
            unplaced += [f"x.yaml: {one}" for one in found]
        else:
            placed += [f"x.yaml:{number}: {one}" for one in found]
    return [*placed, *unplaced]


def line_of(message: str) -> str:
    return message.partition(": ")[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_mistake_of_a_file_is_told_once_and_nothing_else(tmp_path: Path, file: Path) -> None:
    text = file.read_text().replace("AGENT", f"{FAKE_AGENT}:Rich", 1)
    found, wanted = answer(tmp_path, text), expected(text)
    assert [*map(line_of, found)] == [*map(line_of, wanted)]
    for line, group in itertools.groupby(wanted, line_of):
        here = [one for one in found if line_of(one) == line]
        missing = [one for one in group if not any(said.startswith(one) for said in here)]
        assert missing == [], "\n".join(here)


def test_an_unknown_agent_hides_only_what_it_alone_can_tell(tmp_path: Path) -> None:
    text = (DATA / "mistakes" / "agent.yaml").read_text().replace("agent: AGENT", "agent: dnq", 1)
    found, wanted = answer(tmp_path, text), expected(text)
    assert any(line.startswith("x.yaml:3: agent must be an agent, but got 'dnq'") for line in found)
    missing = [one for one in wanted if not any(line.startswith(one) for line in found)]
    of_agent = ("parameter of", "of agent", "has no choice", "must be", "names layer", "metric")
    of_values = ("constraints[", "derived.", "figures[7].heatmap.where", "claims.r.")
    assert [one for one in missing if not any(a in one for a in (*of_agent, *of_values))] == []
    assert len(found) > 110
    assert any("figures[0] must be a figure" in line for line in found)


def test_mistakes_of_the_file_are_told_where_nothing_says_what_is_trained(tmp_path: Path) -> None:
    text = (DATA / "mistakes" / "blocks.yaml").read_text().replace("agent: AGENT\n", "", 1)
    found = answer(tmp_path, text)
    assert any("needs one of agent, function, command, but got none" in line for line in found)
    assert any("figures[0].heatmap.x must be an axis, but got 'blok'" in line for line in found)


def said(node: ast.expr) -> list[str]:
    """The parts of a message that are always the same."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [str(one.value) for one in node.values if isinstance(one, ast.Constant)]
    return [*said(node.left), *said(node.right)] if isinstance(node, ast.BinOp) else []


def messages() -> Iterator[tuple[str, str]]:
    """Each module that refuses what a space holds, with the longest part of each message."""
    for name, path in MODULES.items():
        if not name.startswith(("sweeper.space", "sweeper.planning")):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Invalid", "Rejected"):
                parts = said(node.args[0])
                if parts:
                    yield name, max(parts, key=len)


def test_the_files_hold_every_kind_of_mistake_but_those_that_are_told_alone(tmp_path: Path) -> None:
    """A new refusal goes into one of the files, or is known not to fit beside the others."""
    told = []
    for file in FILES:
        text = file.read_text().replace("AGENT", f"{FAKE_AGENT}:Rich", 1)
        told += answer(tmp_path, text)
    whole = "\n".join(told)
    untold = {part.strip() for _, part in messages() if part.strip() not in whole}
    assert untold == ELSEWHERE
