"""Claims and ends of runs, as hard links, so that at most one of them succeeds.

A claim or an end is written to a temporary file and link(2)ed to the name
`<run>.<generation>.<n>`, which is atomic on local disks and on NFS. The claim of attempt n + 1 and
the end of attempt n want the same name, so a take-over and an end of one attempt cannot both
happen. In which folder names stand is `folders.py`'s affair.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeper.ledger.claims.folders import ClaimFolders
from sweeper.ledger.lines import kinds
from sweeper.ledger.lines.encoding import checked, encode
from sweeper.ledger.lines.kinds import ClaimLine, EndLine

CLAIM, END, FINISH = "claim", "end", "finish"

NOBODY = "nobody"
"""The worker of a claim that cannot be read."""


@dataclass(frozen=True)
class Claim:
    """What stands under a name: runs that a worker takes or ends, and their ledger lines."""

    kind: str
    """`CLAIM`, `END`, or `FINISH` for who draws the figures."""
    worker: str
    lines: Mapping[str, ClaimLine | EndLine] = field(default_factory=dict)
    """By run; of older studies' claims without the checksum, too."""

    def encoded(self) -> bytes:
        """The claim as a file holds it; no two are alike."""
        lines = {run: line.to_json() for run, line in self.lines.items()}
        body = {"kind": self.kind, "worker": self.worker, "lines": lines}
        return encode({**body, "token": uuid.uuid4().hex})

    @staticmethod
    def decoded(data: bytes) -> Claim | None:
        """The claim that `data` holds; `None` where it is damaged."""
        try:
            body = checked(data)
            lines = {run: kinds.of_json(line) for run, line in body.get("lines", {}).items()}
            kept = {run: o for run, o in lines.items() if isinstance(o, ClaimLine | EndLine)}
            return Claim(str(body["kind"]), str(body.get("worker", NOBODY)), kept)
        except (ValueError, LookupError, TypeError, AttributeError):
            return None


UNREADABLE = Claim(CLAIM, NOBODY)
"""Stands for a claim that is damaged: who placed it is not known, nor what it said."""


class Claims:
    """Places claims and ends for one worker; `first` is the first of the folders in `folder`."""

    def __init__(self, folder: Path, first: str | None, worker: str) -> None:
        self.folders = ClaimFolders(folder, first, worker)

    def place(self, names: Sequence[str], claim: Claim) -> list[Claim | None]:
        """Puts `claim` under each of `names`.

        Returns, name by name, `None` where it was first, and otherwise the first one.
        """
        found = self.folders.place(names, claim.encoded())
        return [None if data is None else Claim.decoded(data) or UNREADABLE for data in found]

    def find(self, name: str) -> Claim | None:
        """The claim under `name`, if there is one."""
        data = self.folders.find(name)
        return None if data is None else Claim.decoded(data) or UNREADABLE


def name_of(run: str, generation: int, attempt: int) -> str:
    """The name of the claim of an attempt, or of the end of the attempt before it."""
    return f"{run}.{generation}.{attempt}"
