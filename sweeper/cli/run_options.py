"""Parses and checks the options of `sweeper run`, `plan`, `rerank` and `work`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeper import paths
from sweeper.cli.app import TOP, count_of
from sweeper.dispatch import Options
from sweeper.errors import SweeperError, shown
from sweeper.space.overrides import truth
from sweeper.space.space import Space
from sweeper.study.studies import check_name

_OF_WORKERS = ("dispatch", "profile", "workers", "pack", "device", "group")
"""The words that whoever goes on with a study must say again."""


@dataclass(frozen=True)
class RunOptions:
    """The options of a command that begins runs, of which each may lack some."""

    scale: str | None
    name: str | None
    root: Path | None
    dispatch: str
    workers: Options
    extend: bool
    group: bool
    same: tuple[str, ...]
    """The words about workers as they were given: `dispatch=slurm`."""
    other_code: bool = False

    @staticmethod
    def of(words: Mapping[str, str]) -> RunOptions:
        """The options in `words`; `SweeperError` for one that breaks its rule."""
        return RunOptions(
            scale=words.get("scale"),
            name=words.get("name"),
            root=Path(words["root"]) if "root" in words else None,
            dispatch=words.get("dispatch", "local"),
            workers=of_workers(words),
            extend=truth("extend", words),
            group=truth("group", words),
            same=tuple(f"{name}={words[name]}" for name in _OF_WORKERS if name in words),
            other_code=truth("other_code", words),
        )

    @property
    def studies(self) -> Path:
        """The folder of all studies."""
        return self.root or Path(paths.STUDIES)

    def folder(self, space: Space) -> Path:
        """The folder that the study of `space` has or would have; `SweeperError` for a bad name."""
        return self.studies / check_name(space.name if self.name is None else self.name)


@dataclass(frozen=True)
class RerankOptions:
    """The options of `sweeper rerank`."""

    top: int
    seeds: int | None
    run: RunOptions
    same: tuple[str, ...]
    """All words but those that name the first study, as they were given."""

    @staticmethod
    def of(words: Mapping[str, str]) -> RerankOptions:
        """The options in `words`; `SweeperError` for one that breaks its rule."""
        return RerankOptions(
            top=count_of("top", words.get("top", str(TOP))),
            seeds=count_of("seeds", words["seeds"]) if "seeds" in words else None,
            run=RunOptions.of(words),
            same=tuple(f"{key}={words[key]}" for key in words if key not in ("study", "root")),
        )


def of_workers(words: Mapping[str, str]) -> Options:
    """The options about workers in `words`; `SweeperError` for an invalid number or device."""
    pack = words.get("pack", "auto")
    if pack != "auto":
        count_of("pack", pack, "auto or a whole number from 1")
    device = words.get("device")
    if device not in (None, "cpu", "cuda"):
        raise SweeperError(f"device must be cpu or cuda, but got {shown(device)}")
    given = words["workers"].split(",") if "workers" in words else []
    shares = tuple(count_of("workers", one.strip()) for one in given)
    return Options(
        workers=sum(shares) or None,
        pack=pack,
        device=device,
        profile=words.get("profile"),
        watch=truth("watch", words),
        shares=shares if len(shares) > 1 else (),
    )
