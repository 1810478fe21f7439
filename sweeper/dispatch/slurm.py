"""Workers as array jobs on a Slurm cluster, which need no watcher once they are submitted."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from sweeper.cluster import profile as profiles
from sweeper.cluster import script, slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.profile import Profile
from sweeper.cluster.refusals import refused
from sweeper.cluster.scheduler import Scheduler
from sweeper.dispatch import Options, Workers, slurm_layout
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
        self._profile = profiles.load(options.profile or profiles.DEFAULT)
        self.device = self._profile.device(options.device)
        if self.device == "cuda" and not self._profile.gpus:
            raise SweeperError(
                f"device=cuda needs GPUs, and {self._profile.file} asks for none: "
                "set gpus_per_node there"
            )
        self._limits = ClusterLimits.asked()
        self._limits.check(self._profile)
        if options.workers is not None:
            self._limits.check_number(self._profile.jobs(options.workers))
        self._try()

    @property
    def watched(self) -> bool:
        """Whether somebody stays to watch: the workers need nobody."""
        return self._options.watch

    def start(self, study: Study) -> Workers:
        """Submits as many workers as are missing: others may be there, running or waiting."""
        return _Jobs(study, self._options, self._profile, self._limits, self.device)

    def _try(self) -> None:
        """Lets sbatch say what it thinks of the profile, before anything exists."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "worker.sbatch"
            file.write_text(script.text(self._profile, "sweeper", Path(folder), [], None))
            try:
                slurm.test(str(file))
            except slurm.Unanswered as error:
                raise refused(self._profile, str(error)) from error


class _Jobs:
    needed = False

    def __init__(
        self, study: Study, options: Options, profile: Profile, limits: ClusterLimits, device: str
    ) -> None:
        self._study, self._options = study, options
        self._profile, self._limits, self._device = profile, limits, device
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
        jobs = self._scheduler.jobs(self._name)
        return self._profile.tasks * len(_live(jobs or []))

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
            f"folder: set root=), or sweeper doctor profile={self._profile.file} "
            f"root={self._study.folder.parent}"
        )

    def _has_open_runs(self) -> bool:
        self._study.refresh()
        self._ledger_state.refresh()
        return not self._study.ended_in(self._ledger_state)

    def _top_up(self, live: Sequence[slurm.Job]) -> bool:
        """Submits the jobs that are missing; whether there were any."""
        wanted = self._wanted()
        missing = wanted - len(live)
        if live:
            self.said.append(f"already run or wait: {counted(len(live), 'job')} of this study")
            self.said += _held_note(live)
        if missing > 0:
            self.said.append(self._submit(missing, wanted))
            self._submitted = self._scheduler.number
        return missing > 0

    def _wanted(self) -> int:
        """How many jobs there should be: `workers`, or as many as may run at a time."""
        records = self._ledger_state.runs
        ended = sum(record.end is not None for record in records.values())
        open_runs = self._study.plan.total - ended
        return slurm_layout.jobs(self._options, self._profile, open_runs)

    def _submit(self, number: int, wanted: int) -> str:
        """Submits `number` jobs of the `wanted` as arrays; all of them or none."""
        self._limits.check_number(number)
        logs = self._study.paths.logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
        logs.mkdir(parents=True)
        sharing = wanted * self._profile.tasks
        words = script.work_words(self._study.folder, self._options.pack, self._device, sharing)
        ids: list[str] = []
        for size, parallel in script.split(number, self._limits.array, self._profile.parallel):
            file = logs / f"{len(ids)}.sbatch"
            file.write_text(
                script.text(self._profile.throttled(parallel), self._name, logs, words, size)
            )
            try:
                ids.append(slurm.submit(str(file)))
            except slurm.Unanswered as error:
                slurm.cancel(ids)
                raise refused(self._profile, str(error)) from error
        workers = number * self._profile.tasks
        arrays = f"array {ids[0]}" if len(ids) == 1 else f"{len(ids)} arrays, {', '.join(ids)}"
        return f"submitted {counted(workers, 'worker')} as {arrays}"


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
