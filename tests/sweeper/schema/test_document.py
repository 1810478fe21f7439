"""YAML is data only, and every complaint names file and line."""

from __future__ import annotations

import math

import pytest

from sweeper.errors import SweeperError
from sweeper.schema.document import MAX_BYTES, read
from sweeper.schema.yaml_text import MAX_VALUES, parse, scalar
from tests.helpers.cases import each


@each(
    "text, value",
    [
        ("1", 1),
        ("-2", -2),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("1e6", 1e6),
        ("-.5", -0.5),
        ("3.", 3.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("none", "none"),
        ("100_000", 100_000),
        ("-1_000_000", -1_000_000),
        ("1_000.5", 1000.5),
        ("2_000e3", 2e6),
        ("1__000", "1__000"),
        ("_1", "_1"),
        ("1_", "1_"),
        ("1_000_x", "1_000_x"),
        ("12:30:00", "12:30:00"),
        ("2024-01-01", "2024-01-01"),
        ("-2,-3", "-2,-3"),
        ("nan", "nan"),
        ("9" * 500, math.inf),
    ],
)
def test_scalars_follow_yaml_1_2(text, value):
    read = scalar(text)
    assert read == value and type(read) is type(value)


def test_quoted_scalars_are_text():
    assert parse("['1e-4', \"true\", 1e-4]", "x")[0] == ["1e-4", "true", 1e-4]


def test_data_and_lines(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb:\n  c.d: [1,\n    2]\n24/128: no\n")
    document = read(path)
    assert document.data == {"a": 1, "b": {"c.d": [1, 2]}, "24/128": "no"}
    assert document.place(("b", "c.d", 1)) == f"{path}:4"
    assert document.place(("b", "c.d", 1, "deeper")) == f"{path}:4"
    assert document.place(("nothing",)) == str(path)


def test_aliases_are_copies():
    data, _ = parse("a: &x [1]\nb: *x\n", "x")
    assert data == {"a": [1], "b": [1]} and data["a"] is not data["b"]


MERGED = """\
base: &base {kind: float, low: 0,
  count: 2}
more: &more {count: 9, log: no}
b:
  count: 3
  <<: *base
c: {<<: [*more, *base], low: 1}
d: {<<: {<<: *base, low: 5}, high: 6}
e: {"<<": 1}
"""


def test_merge_keys_add_what_is_not_there():
    data, places = parse(MERGED, "x")
    assert data["b"] == {"count": 3, "kind": "float", "low": 0}
    assert data["c"] == {"low": 1, "count": 9, "log": "no", "kind": "float"}
    assert data["d"] == {"high": 6, "low": 5, "kind": "float", "count": 2}
    assert data["e"] == {"<<": 1}
    assert [places[("b", key)] for key in ("count", "low")] == ["x:5", "x:1"]
    assert [places[("c", key)] for key in ("count", "log", "low")] == ["x:3", "x:3", "x:7"]
    assert places[("d", "low")] == "x:8" and places[("b",)] == "x:4"


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)


@each(
    "text, line, message",
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key a is there twice, first on line 1"),
        ("x:\n  a: 1\n  a: 3\n", 3, "the key x.a is there twice, first on line 2"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, "tags are refused"),
        ("a: !!str 1\n", 1, "tags are refused, YAML is data only here: !!str; write '1'"),
        ("a: !!float 1e6\n", 1, "tags are refused, YAML is data only here: !!float; write 1e6"),
        ("a: ! x\n", 1, "tags are refused"),
        (BOMB, None, f"holds more than {MAX_VALUES} values, aliases expanded"),
        ("a: &x [*x]\n", 1, "an alias contains itself"),
        ("a: &x {b: *x}\n", 1, "an alias contains itself"),
        ("a: *nowhere\n", 1, "found undefined alias"),
        ("a: &x [1]\nb: {<<: *x}\n", 2, "<< must name a mapping, as in <<: *base"),
        ("a: {<<: 3}\n", 1, "<< must name a mapping"),
        ("a: &x {<<: *x}\n", 1, "an alias contains itself"),
        ("a: &x {k: 1}\nb: {<<: *x, c: 1,\n  c: 2}\n", 3, "the key b.c is there twice"),
        ("a: 1\n---\nb: 2\n", 2, "a file holds one YAML document, but here a second one starts"),
        ("a: [1\nb: 2\n", 2, "this is not valid YAML"),
        ("a: 1\n  b: 2\n", 2, "this is not valid YAML: mapping values are not allowed here"),
        ("a: 1\nb:\t'x\n", None, "this is not valid YAML"),
        ("a: 1\n? [x]\n: 2\n", 2, "a key must be text"),
        ("[" * 100 + "]" * 100, 1, "nested more than 50 deep"),
        ("[" * 20_000, None, "nested more than 50 deep"),
        ("a: 1\nb: \x07\n", 2, "YAML is plain text, but got the character U+0007"),
        ("", None, "the file is empty; a space is a mapping"),
        ("# only a comment\n", None, "the file is empty"),
        ("- 1\n- 2\n", 1, "a space is a mapping of keys to values, but got a list"),
        ("hello\n", 1, "a space is a mapping of keys to values, but got 'hello'"),
        ("\x00" * 10, 1, "YAML is plain text"),
    ],
)
def test_what_is_refused(tmp_path, text, line, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SweeperError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else str(path))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_is_no_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\xfe\n")
    with pytest.raises(SweeperError, match=r"x.yaml:2: a space is UTF-8 text, but this is not"):
        read(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SweeperError, match="at most 1024 KiB"):
        read(path)


def test_a_byte_order_mark_is_fine(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(path).data == {"a": 1}


def test_paths_that_are_no_file(tmp_path):
    (tmp_path / "space.yaml").write_text("a: 1\n")
    with pytest.raises(SweeperError, match=r"there is no such file.*did you mean.*space"):
        read(tmp_path / "spac.yaml")
    with pytest.raises(SweeperError, match="is a folder, not a YAML file; YAML files in it"):
        read(tmp_path)
    with pytest.raises(SweeperError, match="there is no such file"):
        read(tmp_path / "nowhere" / "x.yaml")
    with pytest.raises(SweeperError, match="not a plain file"):
        read(type(tmp_path)("/dev/null"))
    with pytest.raises(SweeperError, match="cannot be read"):
        read(tmp_path / ("x" * 300))
