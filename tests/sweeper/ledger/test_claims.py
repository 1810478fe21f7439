"""Of many who want a run, exactly one gets it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweeper.ledger import claims
from sweeper.ledger.claims import Claims


def test_the_first_is_told_so_and_the_others_learn_who_was(tmp_path: Path) -> None:
    names = [tmp_path / f"run{i}.0.0" for i in range(3)]
    assert Claims(tmp_path, "a").place(names[:2], {"worker": "a"}) == [None, None]
    first = Claims(tmp_path, "b").place(names, {"worker": "b"})
    assert [body and body["worker"] for body in first] == ["a", "a", None]
    assert claims.read(names[2])["worker"] == "b"
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in names]


def test_contended_by_threads(tmp_path: Path) -> None:
    names = [tmp_path / f"run{i}.0.0" for i in range(50)]

    def take(worker: int) -> int:
        placer = Claims(tmp_path, str(worker))
        return sum(placer.place([name], {"worker": worker}) == [None] for name in names)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == len(names)


def test_a_link_that_succeeded_without_saying_so_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS may repeat a LINK whose answer was lost: the second one fails, but the name is ours."""
    import os

    real = os.link

    def repeated(source: Path, target: Path) -> None:
        real(source, target)
        raise FileExistsError(target)

    monkeypatch.setattr(os, "link", repeated)
    assert Claims(tmp_path, "a").place([tmp_path / "run.0.0"], {"worker": "a"}) == [None]
