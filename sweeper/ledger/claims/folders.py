"""The folders in which claims stand, one after the other, so that few files stay.

Claims are linked into one folder, which is open while a file `open` lies in it. Who closes it
removes that file and then writes all claims in it to one packed file, which appears whole, by a
link, and names the folder that follows. So there is one order of folders, which all agree on: the
study's plan names the first. A name counts once in all of them:

* Who links a name has read all packed files before, and tries only what none of them holds.
* After the link it looks for `open`. Where that lies there, the link came before the closing, and
  so before whatever list of the folder is packed. Where not, nobody knows, and the packed file
  decides: a link that it lacks is void, and the name is tried in the next folder.
* Who finds a closed folder without a packed file writes it. The first link of that file wins.
* `open` is never made again: a folder has a name that no other has had, and it is there, open,
  before the packed file names it. So a process that was stopped for however long finds its folder
  closed or gone, and looks again.
* Files of a packed folder are only then removed; whoever still links there finds no `open`.

Of studies begun before there were such folders all claims stand in `claims/` itself.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from sweeper.errors import SweeperError
from sweeper.files import temporary
from sweeper.files.atomic import link_first, patiently, remove, sync_folder, write_synced
from sweeper.ledger.claims import packed
from sweeper.ledger.claims.folder import (
    CLAIM,
    FOLDER,
    OPEN,
    abandon,
    begin,
    clear,
    content,
    opened_once,
    touched,
    unless_gone,
    unused,
)
from sweeper.ledger.claims.packed import ENDING, Packed
from sweeper.log import log

FOLD_AT = 2000
"""A folder that holds so many names is closed and packed."""

LOOK_EVERY = 500
"""After so many names of its own a process looks how many the folder holds."""

_MOST_ROUNDS = 1000


class ClaimFolders:
    """One process's view of the folders in `claims`, of which `first` is the first.

    `None` says that there are none, as in older studies: then `claims` itself is always open.
    """

    def __init__(self, claims: Path, first: str | None, process: str) -> None:
        self._claims = claims
        self._process = process
        self._first = self._name = first
        self._packed: dict[str, Packed] = {}
        """The packed file that holds each name of the folders before this one."""
        self._files: list[Packed] = []
        self._count = itertools.count()
        self._since = 0

    @property
    def folder(self) -> Path:
        """The folder that was open when this process looked last."""
        return self._claims if self._name is None else self._claims / self._name

    def place(self, names: Sequence[str], data: bytes) -> list[bytes | None]:
        """Links one file that holds `data`, which no other does, under each of `names`.

        Returns, name by name, `None` where this was first, and otherwise what the first one holds.
        The file is on the disk before any of its names is.
        """
        new = self._claims / f".{next(self._count)}.{self._process}"
        found: dict[str, bytes | None] = {}
        try:
            for _ in range(_MOST_ROUNDS):
                if not new.exists():
                    patiently(lambda: write_synced(new, data), self._claims)
                found |= self._round(new, [name for name in names if name not in found], data)
                if len(found) == len(set(names)):
                    break
            else:
                raise SweeperError(f"nothing can be linked into {self.folder}")
        finally:
            new.unlink(missing_ok=True)
        self._keep_up(len(names))
        return [found[name] for name in names]

    def find(self, name: str) -> bytes | None:
        """What stands under `name`; `None` where nothing does."""
        for _ in range(_MOST_ROUNDS):
            if name in self._packed:
                return self._packed[name].claim(name)
            data = unless_gone(lambda: content(self.folder / name))
            if self._is_open():
                return data
            self._follow()
        raise SweeperError(f"the claims in {self._claims} change faster than they can be read")

    def fold(self, least: int = 1) -> None:
        """Closes the folder and packs it, where it holds `least` names or more."""
        if self._name is None:
            return
        known = self.unpacked()  # read before: from now on others must wait
        folder = self.folder
        if len(known) >= least:
            unless_gone(lambda: remove(folder / OPEN))
            self._follow(known)
            clear(folder)

    def tidy(self) -> None:
        """Removes what was left behind: packed folders, and folders that never came to be used.

        Of these the process that made them is gone before it is asked which folders are used.
        """
        if self._name is None:
            return
        folders = [one for one in sorted(self._claims.iterdir()) if FOLDER.fullmatch(one.name)]
        left = [one for one in folders if temporary.abandoned(f".{one.name}")]
        while not self._is_open():
            self._follow()
        for folder in folders:
            if (self._claims / f"{folder.name}{ENDING}").exists():
                clear(folder)
            elif folder in left and folder.name != self._name:
                abandon(folder)

    def standing(self) -> dict[str, bytes]:
        """All claims by name, as they stand now; nothing is written."""
        found = self.unpacked()
        return found | {name: data for one in self._files for name, data in one.claims()}

    def unpacked(self, most: int | None = None) -> dict[str, bytes]:
        """Those that no packed file holds, or `most` of them."""
        while self._name is not None and (self._claims / f"{self._name}{ENDING}").exists():
            self._take()
        return self._listed({}, most)

    def _round(self, new: Path, names: Sequence[str], data: bytes) -> dict[str, bytes | None]:
        """What is known of `names` now; those that are left out are to be tried once more."""
        found = {name: self._packed[name].claim(name) for name in names if name in self._packed}
        here = {name: self._link(new, name, data) for name in names if name not in found}
        if here and not self._is_open():
            self._follow()
            here = {}
        met = {name: body for name, body in (found | here).items() if body is not None}
        return {name: None if body == data else body for name, body in met.items()}

    def _link(self, new: Path, name: str, data: bytes) -> bytes | None:
        """`data` where it stands under `name` now, else what does; `None` where nothing can."""

        def link() -> bytes | None:
            try:
                os.link(new, self.folder / name)
            except FileExistsError:
                return content(self.folder / name)
            return data

        return patiently(lambda: unless_gone(link), self.folder)

    def _is_open(self) -> bool:
        """Whether the folder is open: opened, so that a network file system looks anew."""
        if self._name is None:
            return True
        return unless_gone(lambda: opened_once(self.folder / OPEN)) is not None

    def _follow(self, known: Mapping[str, bytes] | None = None) -> None:
        """Goes on from a closed folder to the next; packs it, where nobody has."""
        if self._name is None:
            raise SweeperError(f"{self._claims} is gone")
        file = self._claims / f"{self._name}{ENDING}"
        if not file.exists():
            patiently(lambda: self._pack(file, known or {}), self._claims)
        self._take()

    def _pack(self, file: Path, known: Mapping[str, bytes]) -> None:
        """Writes the packed file, unless somebody is quicker; the folder after it is there then.

        Its files are listed anew, also by a network file system: one is made there and removed.
        """
        unless_gone(lambda: touched(temporary.beside(self.folder / "list")))
        gone = not self.folder.is_dir()
        if gone:
            self._check_study()
        claims = self._listed(known, lost=b"")
        there = self._successor() if gone else None  # somebody removed the packed file
        following = there or begin(self._claims, self._number + 1)
        if not link_first(file, packed.encoded(claims, following)) and there is None:
            abandon(self._claims / following)
        sync_folder(self._claims)

    def _check_study(self) -> None:
        """`SweeperError` where another study stands here now: this one was renamed meanwhile."""
        study = self._claims.parent
        try:
            first = json.loads((study / "plans" / "0").read_bytes()).get("claims")
        except (OSError, ValueError, AttributeError):
            return
        if first != self._first:
            raise SweeperError(f"{study} is another study now: the one before it was moved away")

    def _take(self) -> None:
        """Reads the index of the packed file of the folder, and goes on to the next.

        Where it is damaged, what it held is known from the ledgers alone.
        """
        assert self._name is not None
        try:
            found = Packed.read(self._claims / f"{self._name}{ENDING}")
        except ValueError as error:
            successor = self._successor()
            if successor is None:
                raise SweeperError(
                    f"claims/{error}; the folder of claims that follows is gone, too: remove the "
                    "file, and sweeper run goes on with what the ledgers say of its runs"
                ) from error
            log.warning("claims/%s; of its runs that counts what the ledgers say", error)
            self._name = successor
            return
        self._files.append(found)
        self._packed |= dict.fromkeys(found.places, found)
        self._name = found.following

    @property
    def _number(self) -> int:
        return int(str(self._name).partition(".")[0])

    def _successor(self) -> str | None:
        """The folder that can only follow this one, by its number, where that is not written down.

        One that holds nothing may never have been used.
        """
        listed = {name.removesuffix(ENDING) for name in os.listdir(self._claims)}
        wanted = f"{self._number + 1}."
        found = sorted(name for name in listed if name.startswith(wanted))
        used = [name for name in found if not unused(self._claims, name)]
        found = [name for name in found if (self._claims / name / OPEN).exists()]
        if len(used) > 1:
            names = ", ".join(f"claims/{name}" for name in used)
            raise SweeperError(f"which of {names} is in use is not known: remove the others")
        return next(iter(used or found), None)

    def _listed(
        self, known: Mapping[str, bytes], most: int | None = None, lost: bytes | None = None
    ) -> dict[str, bytes]:
        """All claims in the folder, or `most`; of those in `known` that is what they hold.

        One that is listed and cannot be read is `lost`, if that is not `None`: a name that stands
        there is never left out of a packed file. Names of one file share what it holds.
        """
        folder, found = self.folder, {}
        alike: dict[bytes, bytes] = {}
        for name in (unless_gone(lambda: os.listdir(folder)) or [])[:most]:
            if CLAIM.fullmatch(name):
                data = known.get(name) or unless_gone(partial(content, folder / name))
                data = lost if data is None else data
                if data is not None:
                    found[name] = alike.setdefault(data, data)
        return found

    def _keep_up(self, placed: int) -> None:
        """Packs the folder when it has become large."""
        self._since += placed
        if self._name is not None and self._since >= LOOK_EVERY:
            self._since = 0
            names = unless_gone(lambda: os.listdir(self.folder)) or []
            if len(names) >= FOLD_AT:
                self.fold()
