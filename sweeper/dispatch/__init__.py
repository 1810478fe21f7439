"""How workers are started: one file a backend, each with a class `Dispatch`.

`Dispatch(options)` refuses what it cannot do before anything exists; its `start(study)` returns the
`Workers` it started, which a watcher then keeps an eye on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Options:
    """What `sweeper run` was told of its workers; `pack` is `auto` or a number of members."""

    workers: int
    pack: str
    device: str


class Workers(Protocol):
    """The worker processes of one study on behalf of one watcher."""

    def alive(self) -> int:
        """How many of them work."""

    def replace(self) -> None:
        """Starts new ones for those that are gone; `SweeperError` where that is hopeless."""

    def stop(self) -> None:
        """Asks them to save their runs, give them up and leave."""

    def kill(self) -> None:
        """Ends them at once; what they held is taken over by whoever comes next."""
