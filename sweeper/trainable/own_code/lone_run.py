"""What functions and programs have in common: runs that train alone, of which nothing is known."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import psutil

from sweeper.trainable.command.watcher import REST_S
from sweeper.trainable.contract import Parameter


@dataclass(frozen=True)
class LoneReport:
    """Satisfies `sweeper.trainable.contract.Report`, for the only member of a pack."""

    step: int
    metrics: dict[str, float]
    done: bool = False
    diverged: bool = False
    member: int = 0


class LoneTrainable:
    """A trainable that accepts any parameter, task and metric: only the user's own code knows."""

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    metrics: ClassVar[Sequence[str]] = ()
    packs: ClassVar[bool] = False

    def tasks(self) -> Sequence[str]:
        """Any task is accepted."""
        return ()

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Accepts everything."""

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """There are no layers that sweeper knows of."""
        raise ValueError("layer sets need an agent: a function's or a command's are not known")

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """One: each run trains alone."""
        return 1


def children_s() -> float:
    """Processor seconds of the processes below this one, living or waited for."""
    times = os.times()
    total = times.children_user + times.children_system
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                total += sum(child.cpu_times()[:4])  # its own, and of those it waited for
    return total


def end_children() -> None:
    """Ends the processes below this one: by SIGTERM, and what is left of them by SIGKILL."""
    with contextlib.suppress(psutil.Error):
        for child in (below := psutil.Process().children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                child.terminate()
        _, left = psutil.wait_procs(below, timeout=REST_S)
        stopped: set[psutil.Process] = set()  # who is stopped starts no other before it is killed
        while new := {*left, *psutil.Process().children(recursive=True)} - stopped:
            stopped |= new
            for child in new:
                with contextlib.suppress(psutil.Error):
                    child.suspend()
        for child in stopped:
            with contextlib.suppress(psutil.Error):
                child.kill()
