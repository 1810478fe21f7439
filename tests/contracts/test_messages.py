"""Messages agree with the numbers in them, and quote what was given by one function."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

import pytest

from sweeper.text import agreed, counted, further
from tests.contracts.test_rooms import MODULES

NOUNS = (
    "arrays|axes|cells|characters|combinations|configurations|cores|files|hours|jobs|layers|"
    "mistakes|runs|saves|seeds|steps|studies|tasks|trials|values|workers"
)
MANY = re.compile(rf" (?:[a-z]+ )?(?:{NOUNS})\b|(?: of them| more)? (?:are|were|have) ")
"""What stands behind a number that is not 1."""

ALWAYS_MANY = {
    ("sweeper.cli.commands.retry", "len(found)"),
    ("sweeper.cluster.profile", "60 * limit"),
    ("sweeper.dispatch.slurm", "len(arrays)"),
    ("sweeper.dispatch.slurm_layout", "len(sizes)"),
    ("sweeper.figures.claims", "one.seeds_needed"),
    ("sweeper.planning.check", "runs"),
    ("sweeper.report.page.overview", "len(labels)"),
    ("sweeper.results.axis_choice", "most"),
    ("sweeper.results.captions", "short(steps)"),
    ("sweeper.results.captions", "tasks"),
    ("sweeper.results.verdicts.verdicts", "needed"),
    ("sweeper.space.axes._numbers", "count"),
}
"""Numbers that are above 1 wherever they are told."""


NO_NUMBERS = {
    ("sweeper.planning.sampling.pruner_schedule", "most"),
    ("sweeper.planning.sampling.pruner_schedule", "name"),
    ("sweeper.planning.sampling.pruner_schedule", "value"),
    ("sweeper.report.progress.work_left", "rate(self.runs_per_h)"),
    ("sweeper.report.progress.work_left", "rate(self.steps_per_s)"),
    ("sweeper.space.axes.float", "self.high"),
    ("sweeper.cluster.limits", "given"),
    ("sweeper.doctor.node", "host"),
    ("sweeper.study.analysed", "source.name"),
    ("sweeper.figures.ablation", "counts"),
    ("sweeper.figures.pairs", "lack"),
    ("sweeper.results.tables.table", "lack"),
    ("sweeper.report.page.overview", "average"),
    ("sweeper.results.published.comparison", "data.origin.space"),
    ("sweeper.results.ranking.fresh_runs", "space.name"),
}
"""Texts and rates."""


def numbers(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What an f-string holds before a plural, and the plural."""
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in itertools.pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                found = MANY.match(str(text.value))
                if found is not None:
                    yield ast.unparse(value.value), found[0]


def test_no_message_says_one_runs() -> None:
    wrong = []
    for name, path in MODULES.items():
        for value, plural in numbers(ast.parse(path.read_bytes())):
            constant = re.sub(r"\[.*", "", value).isupper()
            known = constant or (name, value) in ALWAYS_MANY | NO_NUMBERS
            if name.startswith("sweeper.") and not known:
                wrong.append((name, value, plural))
    assert wrong == [], "sweeper.text.counted says `1 run`, `2 runs`; agreed(n, 'is', 'are')"


def test_what_is_looked_for_is_found() -> None:
    tree = ast.parse('f"{n} runs, {m} of them are open, {k} more were lost, {counted(n)} of {n}"')
    assert [value for value, _ in numbers(tree)] == ["n", "m", "k"]


def test_what_was_given_is_quoted_by_one_function() -> None:
    """`shown` and `cut` bound what they quote; `{value!r}` does not."""
    allowed = {
        ("sweeper", "__name__"),
        ("sweeper", "name"),
        ("sweeper.extending", "__name__"),
        ("sweeper.extending", "name"),
        ("sweeper.planning.check", "space.checkpoint.keep"),
        ("sweeper.planning.mistakes.gone", "key"),
        ("sweeper.schema.base_model", "key"),
        ("sweeper.space.keys.validators", "key"),
        ("sweeper.trainable.own_code.reported_numbers", "error"),
    }
    found = {
        (name, ast.unparse(node.value))
        for name, path in MODULES.items()
        if name.startswith("sweeper")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FormattedValue) and node.conversion == ord("r")
    }
    assert found <= allowed


@pytest.mark.parametrize(
    ("number", "runs", "verb", "more"),
    [
        (0, "0 runs", "are", "0 more were asked for: no further configuration was found"),
        (1, "1 run", "is", "1 more was asked for: no further configuration was found"),
        (2, "2 runs", "are", "2 more were asked for: no further configuration was found"),
    ],
)
def test_one_and_several(number: int, runs: str, verb: str, more: str) -> None:
    assert counted(number, "run") == runs and agreed(number, "is", "are") == verb
    assert further(number) == more
    assert counted(5760, "run", ",") == "5,760 runs"
