"""Of many who want a run, exactly one gets it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweeper.ledger.claims.claims import CLAIM, UNREADABLE, Claim, Claims
from sweeper.ledger.claims.folder import begin
from sweeper.ledger.lines.kinds import ClaimLine

LINE = ClaimLine("run0", 0, 0, 0, "a", None, step=0, file=None, time=1.0)


@pytest.fixture(params=["in folders", "of an older study"])
def first(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """The first folder of claims, if there are folders."""
    return begin(tmp_path) if request.param == "in folders" else None


def test_the_first_is_told_so_and_the_others_learn_who_was(
    tmp_path: Path, first: str | None
) -> None:
    names = [f"run{i}.0.0" for i in range(3)]
    one, two = (Claims(tmp_path, first, worker) for worker in "ab")
    assert one.place(names[:2], Claim(CLAIM, "a", {"run0": LINE})) == [None, None]
    met = two.place(names, Claim(CLAIM, "b"))
    assert [claim and claim.worker for claim in met] == ["a", "a", None]
    assert met[0] is not None and met[0].lines == {"run0": LINE}
    assert one.find(names[2]) == Claim(CLAIM, "b") and one.find("run3.0.0") is None
    assert sorted(one.folders.standing()) == names


def test_contended_by_threads(tmp_path: Path, first: str | None) -> None:
    names = [f"run{i}.0.0" for i in range(50)]

    def take(worker: int) -> int:
        placer = Claims(tmp_path, first, str(worker))
        won = 0
        for number, name in enumerate(names):
            won += placer.place([name], Claim(CLAIM, str(worker))) == [None]
            if number % 10 == worker:
                placer.folders.fold()
        return won

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == len(names)
    assert sorted(Claims(tmp_path, first, "x").folders.standing()) == sorted(names)


def test_a_link_that_succeeded_without_saying_so_is_accepted(
    tmp_path: Path, first: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS may repeat a LINK whose answer was lost: the second one fails, but the name is ours."""
    real = os.link

    def repeated(source: Path, target: Path) -> None:
        real(source, target)
        raise FileExistsError(target)

    monkeypatch.setattr(os, "link", repeated)
    assert Claims(tmp_path, first, "a").place(["run.0.0"], Claim(CLAIM, "a")) == [None]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("data", [b"", b"\xff\x00", b'{"kind": "end"', b"[]", b'{"a": 1}', b"1"])
def test_a_damaged_claim_is_somebodys(
    tmp_path: Path, first: str | None, data: bytes, packed: bool
) -> None:
    one = Claims(tmp_path, first, "a")
    one.place(["run.0.0"], Claim(CLAIM, "a"))
    (one.folders.folder / "run.0.0").write_bytes(data)
    if packed:
        one.folders.fold()
    assert one.place(["run.0.0"], Claim(CLAIM, "a")) == [UNREADABLE]
    assert one.find("run.0.0") == UNREADABLE


def test_a_flipped_byte_of_a_claim_is_seen() -> None:
    data = Claim(CLAIM, "a", {"run0": LINE}).encoded()
    assert Claim.decoded(data) == Claim(CLAIM, "a", {"run0": LINE})
    for place in range(20, len(data) - 1):
        assert Claim.decoded(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]) is None
