"""Files that appear whole or not at all, also on network file systems."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeper.files import temporary
from sweeper.files.atomic import link_first


def test_the_first_link_counts(tmp_path: Path) -> None:
    name = tmp_path / "0"
    assert link_first(name, b"a")
    assert not link_first(name, b"a")
    assert name.read_bytes() == b"a" and os.listdir(tmp_path) == ["0"]


@pytest.mark.parametrize("quicker", [None, b"a"])
def test_a_link_that_the_server_made_and_denies_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quicker: bytes | None
) -> None:
    """NFS repeats a call whose answer was lost: the second finds the link of the first."""
    link, name = os.link, tmp_path / "0"

    def twice(source: Path, target: Path) -> None:
        if quicker is not None:
            target.write_bytes(quicker)
        else:
            link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    assert link_first(name, b"a") is (quicker is None)
    assert name.read_bytes() == b"a" and os.listdir(tmp_path) == ["0"]


@pytest.mark.parametrize("name", ["x.gif", ".hidden", "a.b-1-2.yaml", "ε x"])
def test_a_temporary_file_tells_what_it_is_to_become(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert temporary.becoming(str(temporary.beside(path))) == str(path)
    assert temporary.becoming(str(path)) == str(path)
