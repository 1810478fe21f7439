"""The ledger survives whatever happens to a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.ledger.lines.encoding import encode, fits, parse
from sweeper.ledger.lines.kinds import ReportLine, StartLine
from sweeper.ledger.reader import Damage, Reader
from sweeper.ledger.writer import Writer

LINES = [{"kind": "start", "pack": 1, "run": "a", "gen": 0, "att": 0, "seq": i} for i in range(5)]


def written(folder: Path) -> Path:
    writer = Writer(folder, "w", {"host": "here"})
    for line in LINES:
        writer.write([line])
    return folder / "w.0.jsonl"


def kinds(reader: Reader) -> list[Any]:
    return [
        line.sequence
        if isinstance(line, StartLine)
        else type(line).__name__.removesuffix("Line").lower()
        for _, line in reader.refresh()
    ]


def test_round_trip() -> None:
    line = ReportLine("a", 0, 0, 1, 2, {'η "quoted"\r\n\x00': 1e-4})
    data = encode(line.to_json())
    assert fits(data[:-1]) and list(parse([data[:-1]])) == [line]
    assert data.count(b"\n") == 1


@pytest.mark.parametrize("bad", [b"", b"{}", b"\x00" * 40, b'{"crc":"zzzzzzzz","a":1}', b"[]" * 20])
def test_garbage_is_no_line(bad: bytes) -> None:
    assert not fits(bad)


def test_a_flipped_bit_of_a_line_is_never_taken_for_another_line() -> None:
    """Not in the checksum's own key, either: what stood there ended `status` and `run` raw."""
    line = ReportLine("a", 0, 0, 1, 2, {"x": 1e-4})
    whole = encode(line.to_json())[:-1]
    for place in range(len(whole)):
        for bit in range(8):
            flipped = whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
            if fits(flipped):  # a letter of the checksum, as a capital
                assert list(parse([flipped])) == [line]


def test_every_line_is_read_once(tmp_path: Path) -> None:
    file = written(tmp_path)
    reader = Reader(tmp_path)
    assert kinds(reader) == ["header", 0, 1, 2, 3, 4]
    assert kinds(reader) == []
    with file.open("ab") as handle:
        handle.write(encode({"kind": "close"}))
    assert kinds(reader) == ["close"]


def test_last_line_torn_at_every_byte(tmp_path: Path) -> None:
    whole = written(tmp_path).read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last, len(whole)):
        (tmp_path / "w.0.jsonl").write_bytes(whole[:cut])
        reader = Reader(tmp_path)
        assert kinds(reader) == ["header", 0, 1, 2, 3]
        expected = [] if cut == last else [Damage("w.0.jsonl", "w", last, cut)]
        assert reader.damage() == expected
        (tmp_path / "w.0.jsonl").write_bytes(whole)
        assert kinds(reader) == [4], "a tail that becomes whole is read"
        assert reader.damage() == []


def test_a_hole_of_nuls_that_fills_later(tmp_path: Path) -> None:
    file = written(tmp_path)
    whole = file.read_bytes()
    starts = [0] + [i + 1 for i, byte in enumerate(whole) if byte == 10]
    holed = bytearray(whole)
    middle = slice(starts[2] + 7, starts[4] + 9)
    holed[middle] = bytes(middle.stop - middle.start)
    file.write_bytes(bytes(holed))
    reader = Reader(tmp_path)
    assert kinds(reader) == ["header", 0, 4]
    assert reader.damage() == [Damage("w.0.jsonl", "w", starts[2], starts[5])]
    file.write_bytes(whole)
    assert kinds(reader) == [1, 2, 3]
    assert reader.damage() == []


@pytest.mark.parametrize("worse", ["newline garbled", "cut short"])
def test_a_damaged_stretch_whose_end_is_damaged_too_is_read_once_it_heals(
    tmp_path: Path, worse: str
) -> None:
    file = written(tmp_path)
    whole = file.read_bytes()
    starts = [0] + [i + 1 for i, byte in enumerate(whole) if byte == 10]
    file.write_bytes(whole[: starts[3] + 30] + b"#" + whole[starts[3] + 31 :])
    reader = Reader(tmp_path)
    assert kinds(reader) == ["header", 0, 1, 3, 4]
    expected = [Damage("w.0.jsonl", "w", starts[3], starts[4])]
    assert reader.damage() == expected
    end = starts[4] - 1
    file.write_bytes(whole[:end] + (b"#" + whole[end + 1 :] if worse == "newline garbled" else b""))
    assert kinds(reader) == []
    assert reader.damage() == expected
    file.write_bytes(whole)
    assert kinds(reader) == [2], "what was there all along is read"
    assert reader.damage() == []


def test_a_tail_that_becomes_whole_within_one_tick_of_the_clock_is_read(tmp_path: Path) -> None:
    file = written(tmp_path)
    whole, when = file.read_bytes(), os.stat(file)
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    reader = Reader(tmp_path)
    for data, found in ((whole[:last] + bytes(len(whole) - last), 5), (whole, 1)):
        file.write_bytes(data)
        os.utime(file, ns=(when.st_atime_ns, when.st_mtime_ns))
        assert len(kinds(reader)) == found


def test_a_garbled_line_in_the_middle_costs_that_line_only(tmp_path: Path) -> None:
    file = written(tmp_path)
    data = bytearray(file.read_bytes())
    at = data.index(b'"seq":2')
    data[at + 6] ^= 1
    file.write_bytes(bytes(data))
    reader = Reader(tmp_path)
    assert kinds(reader) == ["header", 0, 1, 3, 4]
    assert len(reader.damage()) == 1


def test_files_that_vanish_or_do_not_belong(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    reader = Reader(tmp_path)
    assert len(kinds(reader)) == 6
    (tmp_path / "w.0.jsonl").unlink()
    assert kinds(reader) == []
    assert kinds(Reader(tmp_path / "nowhere")) == []


def test_a_short_write_goes_on_in_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(tmp_path, "w", {})
    real = os.write
    faults = iter(["short", "full"])

    def faulty(descriptor: int, data: bytes) -> int:
        fault = next(faults, None)
        if fault == "short":
            return real(descriptor, data[: len(data) // 2])
        if fault == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", faulty)
    writer.write(LINES[:2], sync=True)
    writer.write(LINES[2:])
    reader = Reader(tmp_path)
    read = kinds(reader)
    assert [item for item in read if item != "header"] == [0, 0, 1, 2, 3, 4]
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["w.0.jsonl", "w.1.jsonl"], "a file that took nothing is none"


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SweeperError, match=r"cannot write to .*nowhere"):
        Writer(tmp_path / "nowhere", "w", {})
