"""Backends that start workers, one file each, which defines a class `Dispatch`.

`Dispatch(options)` refuses what it cannot do before anything exists; its `start(study)` returns the
`Workers` it started, which a watcher then keeps an eye on where its `watched` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sweeper.errors import SweeperError


@dataclass(frozen=True)
class Options:
    """What `sweeper run` was told of its workers; `pack` is `auto` or a number of members.

    `None` leaves it to the backend. `watch` is whether somebody stays where nobody is needed.
    """

    workers: int | None
    pack: str
    device: str | None
    profile: str | None = None
    watch: bool = False
    shares: tuple[int, ...] = ()
    """How many workers each of several profiles has, where that was said: `workers` in all."""

    def local_only(self, dispatch: str) -> None:
        """Raises `SweeperError` for what means something on a cluster only."""
        for name, given in (("profile", self.profile is not None), ("watch", self.watch)):
            if given:
                raise SweeperError(f"{name}= is for dispatch=slurm, but dispatch is {dispatch}")
        if self.shares:
            raise SweeperError(
                f"workers= takes several numbers where profile= names several profiles, for "
                f"dispatch=slurm, but dispatch is {dispatch}"
            )


class Workers(Protocol):
    """The worker processes of one study on behalf of one watcher."""

    needed: bool
    """Whether they need the watcher: others go on when it leaves."""
    said: list[str]
    """Messages to the user about how they were started."""

    def alive(self) -> int:
        """How many of them work."""

    def replace(self) -> None:
        """Starts new ones for those that are gone; `SweeperError` where that is hopeless."""

    def stop(self) -> None:
        """Asks them to save their runs, give them up and leave."""

    def kill(self) -> None:
        """Ends them at once; what they held is taken over by whoever comes next."""
