"""Workers as array jobs on a Slurm cluster, which need no watcher once they are submitted."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from sweeper.cluster import script, slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.profile import Profile
from sweeper.cluster.refusals import refused
from sweeper.cluster.scheduler import Scheduler
from sweeper.dispatch import Options, Workers, slurm_layout
from sweeper.dispatch.slurm_layout import Kind
from sweeper.errors import SweeperError
from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.text import agreed, counted

_LOOKS, _LOOK_S = 2, 2.0
"""How often, and after how many seconds each, who does not stay looks whether jobs fail at once."""

_HOPELESS = 3
"""How often in a row jobs are submitted of which none takes a run, before giving up."""

_SETTLES_S = 10.0
"""How long jobs that end, or may be run once more, are given to become one or the other."""


class Dispatch:
    """Array jobs; what the cluster would refuse, or leave waiting for ever, is refused first."""

    def __init__(self, options: Options) -> None:
        slurm.need()
        self._options = options
        self._kinds = slurm_layout.kinds(options)
        self._limits = ClusterLimits.asked()
        for kind in self._kinds:
            if kind.device == "cuda" and not kind.profile.gpus:
                raise SweeperError(
                    f"device=cuda needs GPUs, and {kind.profile.file} asks for none: "
                    "set gpus_per_node there"
                )
            self._limits.check(kind.profile)
        if options.workers is not None:
            self._limits.check_number(sum(slurm_layout.jobs(options, self._kinds, 0)))
        for kind in self._kinds:
            _try(kind.profile)

    @property
    def watched(self) -> bool:
        """Whether somebody stays to watch: the workers need nobody."""
        return self._options.watch

    def start(self, study: Study) -> Workers:
        """Submits as many workers as are missing: others may be there, running or waiting."""
        return _Jobs(study, self._options, self._limits)


def _try(profile: Profile) -> None:
    """Lets sbatch say what it thinks of the profile, before anything exists."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "worker.sbatch"
        file.write_text(script.text(profile, "sweeper", Path(folder), [], None))
        try:
            slurm.test(str(file))
        except slurm.Unanswered as error:
            raise refused(profile, str(error)) from error


class _Jobs:
    needed = False

    def __init__(self, study: Study, options: Options, limits: ClusterLimits) -> None:
        self._study, self._options, self._limits = study, options, limits
        self._kinds = slurm_layout.kinds(options, study.folder)
        self._name = script.job_name(study.folder)
        self._ledger_state = study.ledger_state(reports=False)
        self._scheduler = Scheduler(study.paths)
        self._in_vain = 0
        self._attempts = -1
        self._submitted = 0
        """The newest answer when jobs were submitted last."""
        self.said: list[str] = []
        jobs = _settled(self._name)
        failed = self._failed(jobs)
        if failed is not None:
            self.said.append(f"warning: {failed}: {self._where_to_look}")
        live = [job for job in jobs if job.live and job.state != "COMPLETING"]
        if self._top_up(live) and not options.watch:
            self._look({job.id for job in jobs})

    def alive(self) -> int:
        """Workers that run or wait, by the scheduler's last word; none once all is drawn."""
        if not self._has_open_runs() and not publish.due(self._study, self._ledger_state):
            return 0
        live = self._by_kind(_live(self._scheduler.jobs(self._name) or []))
        return slurm_layout.workers(self._kinds, [len(jobs) for jobs in live])

    def replace(self) -> None:
        """Submits the jobs that are missing, while runs are open."""
        jobs = self._scheduler.jobs(self._name)
        if jobs is None or self._scheduler.number < self._submitted + 2:
            return  # asked before those that were submitted last could be there
        live = _live(jobs)
        if not self._has_open_runs():
            return
        attempts = sum(record.attempts for record in self._ledger_state.runs.values())
        if not live:
            self._in_vain = self._in_vain + 1 if attempts == self._attempts else 0
            self._attempts = attempts
        if self._in_vain >= _HOPELESS:
            raise SweeperError(f"jobs end without having taken a run: {self._where_to_look}")
        self._top_up(live)

    def stop(self) -> None:
        """Leaves them alone: whoever stops watching stops no job (`sweeper cancel` does)."""

    def kill(self) -> None:
        """As `stop`."""

    def _look(self, before: set[str]) -> None:
        """Raises `SweeperError` where new jobs fail as they start, which nobody stays to see."""
        for _ in range(_LOOKS):
            time.sleep(_LOOK_S)
            self._ledger_state.refresh()
            if self._ledger_state.workers:
                return
            with suppress(slurm.Unanswered):
                failed = self._failed(job for job in slurm.jobs(self._name) if job.id not in before)
                if failed is not None:
                    slurm.cancel_named(self._name)
                    raise SweeperError(f"{failed}, all were cancelled: {self._where_to_look}")

    def _failed(self, jobs: Iterable[slurm.Job]) -> str | None:
        """How many of `jobs` failed, where some did and no worker has ever begun."""
        failed = sum(job.state == "FAILED" for job in jobs)
        if not failed or self._ledger_state.workers:
            return None
        return f"{counted(failed, 'job')} failed before a worker began"

    @property
    def _where_to_look(self) -> str:
        return (
            f"see {self._study.paths.logs} (no job can write there where nodes do not share that "
            f"folder: set root=), or sweeper doctor profile={self._kinds[0].profile.file} "
            f"root={self._study.folder.parent}"
        )

    def _has_open_runs(self) -> bool:
        self._study.refresh()
        self._ledger_state.refresh()
        return not self._study.ended_in(self._ledger_state)

    def _top_up(self, live: Sequence[slurm.Job]) -> bool:
        """Submits the jobs that are missing; whether there were any."""
        wanted = self._wanted()
        there = [len(jobs) for jobs in self._by_kind(live)]
        missing = [max(0, n - found) for n, found in zip(wanted, there, strict=True)]
        if live:
            self.said.append(f"already run or wait: {counted(len(live), 'job')} of this study")
            self.said += _held_note(live)
        if any(missing):
            self.said += self._submit(missing, slurm_layout.workers(self._kinds, wanted))
            self._submitted = self._scheduler.number
        return any(missing)

    def _by_kind(self, live: Sequence[slurm.Job]) -> list[list[slurm.Job]]:
        """Jobs by the profile that their name tells; all others count as the first one's."""
        found: dict[str, list[slurm.Job]] = {kind.name: [] for kind in self._kinds}
        for job in live:
            found.get(job.name, found[self._kinds[0].name]).append(job)
        return list(found.values())

    def _wanted(self) -> list[int]:
        """How many jobs of each kind there should be."""
        records = self._ledger_state.runs
        ended = sum(record.settled for record in records.values())
        waiting = len(self._study.waiting(self._ledger_state))
        open_runs = self._study.plan.total - ended + waiting
        return slurm_layout.jobs(self._options, self._kinds, open_runs)

    def _submit(self, missing: Sequence[int], sharing: int) -> list[str]:
        """Submits the `missing` jobs of each kind as arrays; all of them or none."""
        self._limits.check_number(sum(missing))
        ids: list[str] = []
        said = []
        for kind, number in zip(self._kinds, missing, strict=True):
            try:
                arrays = self._submit_kind(kind, number, sharing, ids)
            except slurm.Unanswered as error:
                slurm.cancel(ids)
                raise refused(kind.profile, str(error)) from error
            if arrays:
                which = f" of {kind.profile.file}" if len(self._kinds) > 1 else ""
                listed = ", ".join(arrays)
                named = f"array {listed}" if len(arrays) == 1 else f"{len(arrays)} arrays, {listed}"
                workers = counted(number * kind.profile.tasks, "worker")
                said.append(f"submitted {workers}{which} as {named}")
        return said

    def _submit_kind(self, kind: Kind, number: int, sharing: int, ids: list[str]) -> list[str]:
        """Submits `number` jobs of one kind; adds their arrays to `ids` as soon as they exist."""
        if not number:
            return []
        logs = self._study.paths.logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
        logs.mkdir(parents=True)
        words = script.work_words(self._study.folder, self._options.pack, kind.device, sharing)
        before, profile = len(ids), kind.profile
        for size, parallel in script.split(number, self._limits.array, profile.parallel):
            file = logs / f"{len(ids) - before}.sbatch"
            text = script.text(profile.throttled(parallel), kind.name, logs, words, size)
            file.write_text(text)
            ids.append(slurm.submit(str(file), profile.env))
        return ids[before:]


def slurm_jobs(name: str) -> list[slurm.Job]:
    """The jobs called `name`, queried now, as a submission must not rely on an older answer."""
    try:
        return slurm.jobs(name)
    except slurm.Unanswered as error:
        raise SweeperError(f"Slurm does not answer, so nothing was submitted: {error}") from error


def _settled(name: str) -> list[slurm.Job]:
    """The jobs called `name`, once those that end, or may be run once more, had time to settle.

    Nobody looks again after a submission: a job that ends must not keep another from its place.
    """
    jobs = slurm_jobs(name)
    if any(job.state == "COMPLETING" or job.state in slurm.MAYBE for job in jobs):
        time.sleep(_SETTLES_S)
        jobs = slurm_jobs(name)
    return jobs


def _live(jobs: Sequence[slurm.Job]) -> list[slurm.Job]:
    """Those that run, wait, or may be run once more."""
    return [job for job in jobs if job.live or job.state in slurm.MAYBE]


def _held_note(live: Sequence[slurm.Job]) -> list[str]:
    """A line where jobs will not start before somebody releases them."""
    held = [job for job in live if "held" in job.reason.lower()]
    ids = ",".join(sorted({job.id for job in held}))
    why = ", ".join(sorted({job.reason for job in held}))
    are = agreed(len(held), "is", "are")
    return [f"{len(held)} of them {are} held ({why}): scontrol release {ids}"] if held else []
