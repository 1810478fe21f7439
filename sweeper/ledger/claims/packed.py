"""Packed files: all claims of a closed folder in one file, which also names the folder after it.

The first line is an index, with a checksum; behind it stand the claims as their files held them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.ledger.lines.encoding import encode, fits

ENDING = ".packed"

_LOST = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What says that a packed file is gone; other errors, as of a network, say nothing of it."""


@dataclass(frozen=True)
class Packed:
    """A packed file's index."""

    file: Path
    following: str
    """The folder in which claims stand from then on."""
    places: Mapping[str, tuple[int, int]]
    """Where the claim of each name begins, behind the index, and how long it is."""
    begin: int
    """Where the claims begin."""
    crc: int
    """The CRC-32 of all claims together."""
    damaged: Sequence[str]
    """The names of those that were damaged before they were packed."""

    @staticmethod
    def read(file: Path) -> Packed:
        """The index of `file`; `ValueError` where it is damaged."""
        try:
            with file.open("rb") as opened:
                first = opened.readline()
            if not fits(first[:-1]):
                raise ValueError("its index does not fit its checksum")
            index = json.loads(first)
            places = {name: (begin, size) for name, (begin, size) in index["names"].items()}
            return Packed(
                file, str(index["following"]), places, len(first), index["all"], index["bad"]
            )
        except (*_LOST, ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{file.name} cannot be read: {error}") from error

    def claim(self, name: str) -> bytes | None:
        """What stood under `name`, as far as the file holds it; `None` where nothing did."""
        if name not in self.places:
            return None
        begin, size = self.places[name]
        try:
            with self.file.open("rb") as opened:
                opened.seek(self.begin + begin)
                return opened.read(size)
        except _LOST:
            return b""

    def claims(self) -> Iterator[tuple[str, bytes]]:
        """All of them by name."""
        data = self.file.read_bytes()[self.begin :]
        for name, (begin, size) in self.places.items():
            yield name, data[begin : begin + size]

    def whole(self) -> bool:
        """Whether the claims fit their checksum."""
        return zlib.crc32(self.file.read_bytes()[self.begin :]) == self.crc


def encoded(claims: Mapping[str, bytes], following: str) -> bytes:
    """The packed file of `claims`; what stands under several names is held once."""
    begins: dict[bytes, int] = {}
    places, size = {}, 0
    for name, data in sorted(claims.items()):
        if data not in begins:
            begins[data], size = size, size + len(data)
        places[name] = [begins[data], len(data)]
    body = b"".join(begins)
    bad = [name for name, data in sorted(claims.items()) if not fits(data[:-1])]
    index: dict[str, Any] = {
        "kind": "packed",
        "following": following,
        "all": zlib.crc32(body),
        "bad": bad,
    }
    index["names"] = places
    return encode(index) + body
