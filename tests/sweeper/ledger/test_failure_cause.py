"""Which failures have one cause: the exception's kind and the last line of the user's code."""

from __future__ import annotations

import traceback
from pathlib import Path

import numpy as np
import pytest

import sweeper
from sweeper.ledger.failure_cause import cause, last_line

CODE = """
import json
import numpy as np

def says(value):
    raise ValueError(f"bad {value} at {object()}")

def other(value):
    raise ValueError(f"bad {value}")

def kinds(value):
    raise value

def within(value):
    return json.loads(value)

def chained(value):
    try:
        says(value)
    except ValueError as error:
        raise RuntimeError(f"no {value}") from error

def lines(value):
    raise KeyError(f"{value}\\n\\nmore: {value}\\nValueError: no")
"""


def raised(folder: Path, name: str, value: object) -> str:
    """The traceback of the function `name` of that code."""
    file = folder / "mine.py"
    file.write_text(CODE)
    scope: dict[str, object] = {}
    exec(compile(CODE, str(file), "exec"), scope)
    try:
        scope[name](value)  # type: ignore[operator]
    except Exception:
        return traceback.format_exc()
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("says", "ValueError at mine.py:6"),
        ("other", "ValueError at mine.py:9"),
        ("within", "json.decoder.JSONDecodeError at mine.py:15"),
        ("chained", "RuntimeError at mine.py:21"),
        ("lines", "KeyError at mine.py:24"),
    ],
)
def test_what_an_exception_says_does_not_matter(tmp_path: Path, name: str, found: str) -> None:
    for value in ("[1,", "{3: 0x7f12}", ""):
        assert cause("failed", raised(tmp_path, name, value)) == found


def test_the_kind_of_exception_matters(tmp_path: Path) -> None:
    errors = (ValueError("x"), KeyError("x"), np.linalg.LinAlgError("x"))
    found = [cause("failed", raised(tmp_path, "kinds", error)) for error in errors]
    assert found[:2] == ["ValueError at mine.py:12", "KeyError at mine.py:12"]
    assert len({*found}) == 3


def test_what_has_no_line_of_the_users_ends_with_the_last_of_all() -> None:
    text = (
        'Traceback (most recent call last):\n  File "/x/site-packages/a.py", line 3, in f\n'
        '    g()\n  File "/x/site-packages/b.py", line 9, in g\n    raise E\npkg.E\n'
    )
    assert cause("failed", text) == "pkg.E at b.py:9"
    mine = text.replace("/x/site-packages/a.py", "/home/me/a.py")
    assert cause("failed", mine) == "pkg.E at a.py:3"


def test_words_without_a_traceback_count_without_their_numbers() -> None:
    assert cause("failed", "exit code 3 after 1.5e3 s at 0x7f") == "exit code # after # s at #"
    assert cause("failed", "killed by SIGSEGV") != cause("failed", "exit code 3")
    assert last_line("a\nexit code 3\n") == "exit code 3"


def test_the_traceback_that_a_program_printed_counts() -> None:
    """Of a long one the beginning is not known."""
    text = (
        "python train.py --lr=0.1: exit code 1\nits last 4 lines of output:\n"
        '  File "/home/me/train.py", line 7, in main\n    fit(0.1)\n'
        '  File "/x/site-packages/a.py", line 3, in fit\nValueError: bad 0.1\n'
        "exit code 1: ValueError: bad 0.1\n"
    )
    assert cause("failed", text) == "ValueError at train.py:7"
    headed = text.replace("output:\n", "output:\nTraceback (most recent call last):\n")
    assert cause("failed", headed.replace("0.1", "0.2")) == "ValueError at train.py:7"


@pytest.mark.parametrize("state", ["oom", "lost", "timeout"])
def test_other_ends_are_causes_themselves(state: str) -> None:
    assert cause(state, "whatever 3") == cause(state, None) == state


@pytest.mark.parametrize("folder", ["sweeper_runs", "agents_old", "sweeper", "agents"])
def test_code_in_a_folder_that_is_called_like_ours_and_more_is_the_user_s(folder: str) -> None:
    root = Path(sweeper.__file__).resolve().parents[1]
    file = root / folder / "mine.py"
    error = (
        "Traceback (most recent call last):\n"
        f'  File "/home/me/first.py", line 2, in train\n    step()\n'
        f'  File "{file}", line 7, in step\n    raise ValueError\nValueError: x\n'
    )
    ours = folder in ("sweeper", "agents")
    assert cause("failed", error) == f"ValueError at {'first.py:2' if ours else 'mine.py:7'}"
