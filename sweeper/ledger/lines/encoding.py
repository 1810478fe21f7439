"""Ledger lines as bytes: JSON objects, each of which begins with the CRC-32 of its rest.

`{"crc":"89abcdef","kind":…}`: the checksum covers all bytes behind its own key.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sweeper.errors import SweeperError, reason
from sweeper.ledger.lines import kinds
from sweeper.ledger.lines.kinds import LedgerLine

T = TypeVar("T")

FORMAT = 1
"""Version of the files in a study's folder."""

_BEGIN = b'{"crc":"'
_BEHIND = b'",'
_PREFIX = len('{"crc":"00000000",')


def check_format(found: int, what: str, newest: int = FORMAT) -> None:
    """`SweeperError` unless this sweeper reads `what`, which is of the format `found`."""
    reads = f"{FORMAT}" if newest == FORMAT else f"{FORMAT} to {newest}"
    if found > newest:
        raise SweeperError(
            f"{what} was written by a newer sweeper (format {found}, this one reads {reads}): "
            "upgrade sweeper"
        )
    if found < FORMAT:
        raise SweeperError(f"{what} is of format {found}; this sweeper reads {reads} alone")


def read_planned(file: Path, made: Callable[[Any], T], lost: str) -> T | None:
    """What `made` makes of the line in `file`, by which workers plan runs; `None` where there is no
    such file. `SweeperError` where it is damaged, which says what is `lost` with it."""
    try:
        return made(checked(file.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SweeperError(
            f"{file} is damaged ({reason(error)}): {lost} is lost; restore it, or run the space "
            "under another name (name=…)"
        ) from error


def encode(line: Mapping[str, Any]) -> bytes:
    """One ledger line, newline included."""
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
    body = text.encode(errors="replace")[1:]
    return b'{"crc":"%08x",' % zlib.crc32(body) + body + b"\n"


def fits(data: bytes) -> bool:
    """Whether `data` (without newline) is a line by its checksum."""
    try:
        whole = data[:8] == _BEGIN and data[16:18] == _BEHIND and len(data) > _PREFIX
        return whole and int(data[8:16], 16) == zlib.crc32(data[_PREFIX:])
    except ValueError:
        return False


def checked(data: bytes) -> Any:
    """The JSON in a file that holds one line; `ValueError` where that is damaged.

    Files of older studies hold no checksum.
    """
    if data.startswith(_BEGIN[:-1]) and not fits(data.removesuffix(b"\n")):
        raise ValueError("its checksum does not fit")
    return json.loads(data)


def parse(pieces: Sequence[bytes]) -> Iterator[LedgerLine]:
    """The lines that `pieces` hold, whose checksums fit; all at once takes half the time."""
    return kinds.all_of_json(json.loads(b"[%s]" % b",".join(pieces)))
