"""The file name is the name."""

from __future__ import annotations

import sys

import pytest

from sweeper import lookup
from sweeper.errors import Invalid, SweeperError
from sweeper.space.axes.float import Axis


def test_names_are_files():
    assert {"choice", "float", "layers"} <= set(lookup.names("sweeper.space.axes"))
    assert "__init__" not in lookup.names("sweeper.space.axes")


def test_finds_a_file_of_the_package():
    assert lookup.find("sweeper.space.axes", "float") is Axis


def test_unknown_names_are_answered_with_all():
    with pytest.raises(SweeperError) as caught:
        lookup.find("sweeper.space.axes", "flot")
    assert str(caught.value) == (
        "unknown axis kind 'flot' (did you mean 'float'?); "
        f"valid: {', '.join(lookup.names('sweeper.space.axes'))} (or path/file.py:Axis)"
    )


def test_a_package_that_is_not_installed_has_no_names():
    lookup.DEFINES["nowhere.at_all"] = ("thing", "Thing")
    try:
        assert lookup.names("nowhere.at_all") == []
    finally:
        del lookup.DEFINES["nowhere.at_all"]


def test_finds_a_file_of_the_users(tmp_path):
    (tmp_path / "helper.py").write_text("VALUE = 3\n")
    (tmp_path / "mine.py").write_text("from helper import VALUE\nclass Mine:\n    value = VALUE\n")
    try:
        found = lookup.find("agents.learners", "mine.py:Mine", tmp_path)
        assert found.value == 3
        assert lookup.find("agents.learners", f"{tmp_path}/mine.py:Mine") is found
        assert lookup.located("agents.learners", "mine.py:Mine", tmp_path) == (
            f"{tmp_path}/mine.py:Mine"
        )
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("helper", None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.py:Mine", "names 'gone.py:Mine', but there is no such file in"),
        ("mine.py:Mien", "the file does not define it (did you mean 'Mine'?); valid: Mine, other"),
        ("mine.py:", "must look like path/file.py:name, but got 'mine.py:'"),
        ("mine.py:a b", "must look like path/file.py:name"),
        ("mine.py", "must look like path/file.py:name, but got 'mine.py'"),
        ("broken.py:Mine", "broken.py:1, which is not valid Python"),
    ],
)
def test_split_complains(tmp_path, name, message):
    (tmp_path / "mine.py").write_text("class Mine:\n    pass\nother = _hidden = 1\n")
    (tmp_path / "broken.py").write_text("class Mine\n")
    with pytest.raises(Invalid) as caught:
        lookup.split(name, tmp_path)
    assert message in caught.value.message


def test_a_file_that_raises_is_named(tmp_path):
    (tmp_path / "raises.py").write_text("class Mine: pass\n1 / 0\n")
    with pytest.raises(SweeperError, match=r"importing .*raises.py failed: ZeroDivisionError"):
        lookup.find("agents.learners", "raises.py:Mine", tmp_path)
    sys.path.remove(str(tmp_path))
