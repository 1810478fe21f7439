"""Damage to a study's ledger and claims: which file, what of it, and what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sweeper.files import temporary
from sweeper.ledger.claims.claims import Claim
from sweeper.ledger.claims.folders import ClaimFolders
from sweeper.ledger.claims.packed import ENDING, Packed
from sweeper.ledger.reader import Damage, is_text, listed, missing, owner
from sweeper.ledger.state import LedgerState
from sweeper.paths import StudyPaths

LOST_LEDGER = (
    "what its worker reported is lost; how its runs ended stands in claims/ and is read from there "
    "by the next sweeper run"
)
LOST_LINES = (
    "reports are lost where they stood there; what a run began or ended with stands in claims/, too"
)
LOST_CLAIM = (
    "nothing is lost where the ledger knows what it said; else sweeper run trains its run once more"
)
MOST_READ = 5000
"""So many claims that are not packed are looked at: only older studies have more."""

MISSING = "is missing"

FOREIGN = "no file of sweeper's, which reads on without it: remove it, or take it elsewhere"


@dataclass(frozen=True)
class DamagedFile:
    """A file that is not as sweeper wrote it."""

    file: str
    """Relative to the study's folder; bytes of its name that are no text as escapes."""
    what: str
    """What of it is damaged, as a predicate."""
    lost: str
    """What is lost by that, and what can be done."""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.file} {self.what}: {self.lost}"


def damaged_file(folder: str, name: str, what: str, lost: str) -> DamagedFile:
    """The damage to the file `name`, which need not be text, in one of the study's folders."""
    readable = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return DamagedFile(f"{folder}/{readable}", what, lost)


def of_files(paths: StudyPaths) -> Iterator[DamagedFile]:
    """Ledger files that are missing, empty or folders, and files there that are none."""
    for name in missing(paths):
        yield damaged_file("ledger", name, MISSING, LOST_LEDGER)
    beats = set(listed(paths.beats))
    for folder in (paths.ledger, paths.beats, paths.claims):
        for name in sorted(listed(folder)):
            if not is_text(name):
                yield damaged_file(folder.name, name, "has a name that is not UTF-8", FOREIGN)
    for name in sorted(filter(is_text, listed(paths.ledger))):
        file, worker = paths.ledger / name, owner(name)
        if not name.endswith(".jsonl"):
            yield damaged_file("ledger", name, "is no ledger file", FOREIGN)
        elif file.is_dir():
            yield damaged_file("ledger", name, "is a folder", LOST_LEDGER)
        elif worker in beats and _empty(paths, name):  # it beat after its first line
            yield damaged_file("ledger", name, "is empty", LOST_LEDGER)


def of_lines(ledger_state: LedgerState) -> Iterator[DamagedFile]:
    """Stretches of ledger files that hold no whole line and whose writers are known to be gone."""
    for damage in ledger_state.damage():
        known = ledger_state.workers.get(damage.worker)
        if temporary.gone(damage.worker) or (known is not None and known.closed) or damage.inside:
            yield stretch(damage)


def stretch(damage: Damage) -> DamagedFile:
    """A stretch of a ledger file, for people."""
    what = f"holds no whole line in bytes {damage.start} to {damage.end}"
    return damaged_file("ledger", damage.file, what, LOST_LINES)


def of_claims(paths: StudyPaths, first: str | None) -> Iterator[DamagedFile]:
    """Claims that cannot be read, and packed files whose checksum does not fit."""
    for name in sorted(filter(is_text, listed(paths.claims))):
        if name.endswith(ENDING):
            yield from _of_packed(paths, name)
    if first is not None and not any(name.startswith(first) for name in listed(paths.claims)):
        yield damaged_file("claims", first, "is missing", LOST_CLAIM)
    folders = ClaimFolders(paths.claims, first, "look")
    for name, data in sorted(folders.unpacked(MOST_READ).items()):
        if not name.startswith("finish.") and Claim.decoded(data) is None:
            yield damaged_file("claims", name, "is damaged", LOST_CLAIM)


def _of_packed(paths: StudyPaths, name: str) -> Iterator[DamagedFile]:
    try:
        packed = Packed.read(paths.claims / name)
        damaged = [] if packed.whole() else [name]
    except (OSError, ValueError):
        damaged = [name]
    else:
        damaged += packed.damaged
    for one in damaged:
        yield damaged_file("claims", one, "is damaged", LOST_CLAIM)


def _empty(paths: StudyPaths, name: str) -> bool:
    try:
        return (paths.ledger / name).stat().st_size == 0
    except OSError:
        return False
