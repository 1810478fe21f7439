"""A study: a folder that holds a space and the record of all its runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from sweeper.errors import SweeperError, choices
from sweeper.ledger import damage
from sweeper.ledger.claims.claims import Claims
from sweeper.ledger.damage import DamagedFile
from sweeper.ledger.run_record import PAUSED
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.paths import StudyPaths
from sweeper.planning.configurations import expanded
from sweeper.planning.configurations.expansion import Expansion
from sweeper.planning.configurations.freezing import own_kinds, unfrozen
from sweeper.planning.plan import Plan, Run
from sweeper.space.digest import digest
from sweeper.space.space import Space
from sweeper.study import versions
from sweeper.study.provenance import begun_with, mixed
from sweeper.study.pruning.promotion import Promotions
from sweeper.study.rungs import decisions, race
from sweeper.study.sampling import proposals
from sweeper.study.sampling.earlier import EarlierTrial
from sweeper.study.sources import KeptRuns, sources_of
from sweeper.study.versions import Version
from sweeper.trainable.contract import Parameter, Parametrised, Trainable, completed
from sweeper.trainable.frozen import Pinned
from sweeper.trainable.loading import load_trainable
from sweeper.trainable.several_agents import AGENT


@dataclass(frozen=True)
class Cancellation:
    """When (seconds since the epoch), by whom and on what machine a study was cancelled or stopped.

    `None` where its file, which is damaged, does not say.
    """

    time: float | None = None
    user: str | None = None
    host: str | None = None
    limit: str | None = None
    """The limit that stopped it, `same_failure` or `hours`; `None` where somebody cancelled it."""
    why: str | None = None
    """What reached that limit, for people."""

    @classmethod
    def of_json(cls, body: Any) -> Self:
        """What a file holds."""
        named = body if isinstance(body, dict) else {}
        time = named.get("time")
        user, host, limit, why = (named.get(name) for name in ("user", "host", "limit", "why"))
        return cls(
            float(time) if isinstance(time, int | float) else None,
            user if isinstance(user, str) else None,
            host if isinstance(host, str) else None,
            limit if isinstance(limit, str) else None,
            why if isinstance(why, str) else None,
        )


class Study:
    """The study in `folder`; its plan and its trainable are made when first asked for.

    Nothing but `trainable` and `drawing` runs files that its space names.
    """

    def __init__(self, folder: Path, versions: Sequence[Version]) -> None:
        self.folder = folder
        self.paths = StudyPaths(folder)
        self.versions = list(versions)
        self.group = self.versions[0].group
        self._drawing: tuple[int, Expansion] | None = None
        self._told: set[DamagedFile] = set()

    @property
    def name(self) -> str:
        """The study's name, which is its folder's."""
        return self.folder.name

    @property
    def space(self) -> Space:
        """Its space as it is now: the newest version."""
        return self.versions[-1].space

    def registered(self, name: str) -> bool:
        """Whether a claim of its space stood so in its plan when a run first ended."""
        now = _asked(self.space, name)
        return now is not None and now == _asked(self._promised, name)

    @property
    def withdrawn(self) -> int:
        """How many claims its plan made when a run first ended, and does not make any more."""
        then, now = self._promised, self.space
        return sum(_asked(then, name) != _asked(now, name) for name in then.claims)

    @property
    def earlier(self) -> Sequence[EarlierTrial]:
        """The trials of earlier studies that its sampler knows, as they were when it was begun."""
        return self.versions[0].earlier

    @property
    def _promised(self) -> Space:
        """Its space as it was last before any run had ended."""
        early = [version.space for version in self.versions if not version.ended]
        return early[-1] if early else self.versions[0].space

    @cached_property
    def trainable(self) -> Trainable:
        """The trainable of its space, for those who train: looking at a study must not ask for it.

        Its code runs.
        """
        return load_trainable(self.space, self.paths.runs, self.sources)

    @cached_property
    def sources(self) -> KeptRuns | None:
        """The runs whose kept weights an analysis is of; `None` for any other study."""
        return sources_of(self.space, self.folder)

    def completed(self, run: Run) -> Run:
        """`run` with the defaults of parameters that its trainable has only had since it began.

        Raises `SweeperError` where it lacks one that it had then.
        """
        known: Mapping[str, Parameter] = self.trainable.parameters
        gone = [name for name in self.frozen.parameters if known and name not in known]
        if gone:
            said = f"is no parameter of {self.space.identity}{choices(gone[0], known)}"
            raise SweeperError(f"{self.name}: defaults.{gone[0]} {said}")
        known = getattr(self.trainable, "by_agent", {}).get(run.params.get(AGENT), known)
        params = completed(known, run.params)
        return run._replace(params=params) if params.keys() != run.params.keys() else run

    @property
    def frozen(self) -> Parametrised:
        """What it trains, as its plan has it: no file that its space names is run."""
        return self._frozen(self.versions)

    @property
    def packs(self) -> bool:
        """Whether several of its runs may share a pack."""
        held = self.versions[0].frozen
        return held.trainable.packs if held is not None else self.space.agent is not None

    def _frozen(self, versions: Sequence[Version]) -> Parametrised:
        """As the plans of `versions` have it: the parameters that it began with."""
        first = versions[0].frozen
        if first is None:
            return unfrozen(self.folder, self.versions[-1].space)
        held = [version.frozen.trainable for version in versions if version.frozen is not None]
        return first.trainable.with_refused(frozenset().union(*(one.refused for one in held)))

    @cached_property
    def plan(self) -> Plan:
        """Its trials and runs, in their fixed order, as far as they are planned.

        They are made of what its versions hold: no file that its space names is run.
        """
        plan = Plan(self.versions[0].space, self._frozen(self.versions[:1]))
        for number, version in enumerate(self.versions[1:], 2):
            if digest(version.space) != digest(plan.space):
                plan.extend(version.space, self._frozen(self.versions[:number]))
        proposals.follow(self.paths, plan)
        proposals.check(self.paths, plan)
        decisions.follow(self.paths, plan)
        decisions.check(self.paths, plan)
        return plan

    @property
    def drawing(self) -> Expansion:
        """What new trials are drawn from: it asks what is trained, and runs axes of own kinds."""
        if self._drawing is None or self._drawing[0] != len(self.versions):
            space = Space.parse(self.space.dump()) if own_kinds(self.space) else self.space
            pinned = Pinned(self.frozen, self.trainable)
            self._drawing = len(self.versions), expanded(space, pinned)
        return self._drawing[1]

    def refresh(self) -> list[Run]:
        """Takes in what was planned since: new versions and trials; returns the runs that are new.

        Of a space that nothing but figures and limits changed in, the runs are the same.
        """
        plan, new = self.plan, []
        for version in versions.read(self.folder, len(self.versions)):
            self.versions.append(version)
            if digest(version.space) != digest(plan.space):
                new += plan.extend(version.space, self.frozen)
        new += proposals.follow(self.paths, plan)
        if self.promotions is not None:
            self.promotions.refresh()
        return new + decisions.follow(self.paths, plan)

    def begun_with(self, ledger_state: LedgerState, version: int = 0) -> dict[str, str]:
        """The code that a version of it began with: revisions, and hashes of files."""
        headers = [worker.header for worker in ledger_state.workers.values()]
        return begun_with(self.versions[version].origin, headers)

    def mixed_code(self, ledger_state: LedgerState, workers: Sequence[str | None]) -> str:
        """What `provenance.mixed` says of its runs, of each of which `workers` names the worker."""
        headers = {name: worker.header for name, worker in ledger_state.workers.items()}
        return mixed(self.begun_with(ledger_state), headers, workers)

    @property
    def cancelled(self) -> Cancellation | None:
        """When and by whom it was cancelled; `None` while it goes on."""
        try:
            return Cancellation.of_json(json.loads(self.paths.cancelled.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return Cancellation()

    @property
    def ended(self) -> bool:
        """Whether all its runs have ended."""
        return self.ended_in(self.ledger_state(reports=False))

    def waiting(self, ledger_state: LedgerState) -> list[int]:
        """Its trials that wait for a decision on further seeds, or for a promotion, as
        `ledger_state` knows them: all their runs have ended or paused."""
        found = race.waiting(self.plan, ledger_state)
        if self.promotions is not None:
            self.promotions.refresh()
            found += self.promotions.waiting(self.plan, ledger_state)
        return found

    @cached_property
    def promotions(self) -> Promotions | None:
        """Its promotions, where its pruner makes some."""
        pruner = self.space.pruner
        return Promotions(self.space, self.paths) if pruner and pruner.promote else None

    def ended_in(self, ledger_state: LedgerState) -> bool:
        """Whether `ledger_state` knows all its runs to have ended, and none to follow."""
        if self.plan.due or self.waiting(ledger_state):
            return False
        records = (ledger_state.runs.get(run.id) for run in self.plan.runs)
        return all(record is not None and record.settled for record in records)

    def edition(self, ledger_state: LedgerState) -> str:
        """A name of what `ledger_state` knows to have ended, and of the newest version.

        Figures and reports of another edition show another state of the study.
        """
        ends = [record for record in ledger_state.runs.values() if record.end is not None]
        generations = sum(record.generation for record in ends)
        decided = f".{self.plan.decisions}" if self.space.rungs else ""
        paused = f".{_pauses(ledger_state)}" if self.promotions is not None else ""
        return f"{len(ends)}.{generations}.{len(self.versions)}{decided}{paused}"

    def ledger_state(self, *, reports: bool = True) -> LedgerState:
        """The state of its runs, as its ledger has it now."""
        ledger_state = LedgerState(self.paths, reports=reports)
        ledger_state.refresh()
        self._tell(ledger_state)
        return ledger_state

    def damage(self, ledger_state: LedgerState) -> Iterator[DamagedFile]:
        """Damage to its ledger as `ledger_state` knows it, and to its claims."""
        yield from damage.of_files(self.paths)
        yield from damage.of_lines(ledger_state)
        yield from damage.of_claims(self.paths, self.versions[0].claims)

    def _tell(self, ledger_state: LedgerState) -> None:
        """Warns of damage, once of each: what is shown, or done, is without what is lost."""
        for found in self.damage(ledger_state):
            if found not in self._told:
                self._told.add(found)
                log.warning("%s", found)

    def claims(self, worker: str) -> Claims:
        """Its claims, as `worker` places them."""
        return Claims(self.paths.claims, self.versions[0].claims, worker)

    def share_files(self) -> None:
        """Sets this process's umask: the study's files are the owner's alone, or the group's."""
        os.umask(0o007 if self.group else 0o077)

    @staticmethod
    def open(folder: Path) -> Study:
        """The study in `folder`."""
        return Study(folder, versions.read(folder))


def _pauses(ledger_state: LedgerState) -> int:
    """How often runs have paused: what is shown of those changes with each."""
    tries = (one.tries.values() for one in ledger_state.runs.values())
    return sum(attempt.released == PAUSED for own in tries for attempt in own)


def _asked(space: Space, name: str) -> tuple[Any, ...] | None:
    """What a claim's verdict depends on beside results; `None` where there is no such claim."""
    claim = space.claims.get(name)
    return None if claim is None else (claim.question, space.baseline)
