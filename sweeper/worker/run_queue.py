"""The queue of open runs, from which a worker takes runs of one signature at one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sweeper.files import disk_usage
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.planning.plan import Run
from sweeper.study.study import Study
from sweeper.trainable.abilities import SupportsMemoryEstimates, scratch_bytes, shares_packs
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.held_run import Candidate, RunEnd
from sweeper.worker.pending_runs import PendingRuns
from sweeper.worker.process import memory
from sweeper.worker.process.heartbeat import Observer
from sweeper.worker.process.memory import MemoryGauge


class RunQueue:
    """The runs of a study that have not ended, in the plan's order.

    `pack` is `auto` or a number of members; `workers` is how many processes share the open runs;
    `gauge` tells what memory there is for packs.
    """

    def __init__(
        self,
        study: Study,
        ledger_state: LedgerState,
        worker: str,
        gauge: MemoryGauge,
        *,
        pack: str,
        device: str,
        workers: int,
    ) -> None:
        self._study = study
        self._ledger_state = ledger_state
        self._worker = worker
        self._gauge = gauge
        self._room: int | None = None
        self._pack = pack
        self._device = device
        self._workers = workers
        self._observer = Observer(study.paths)
        self._running: set[str] = set()
        self._gone: set[str] = set()
        """Workers found dead before the ledger was last read: all that they wrote is known."""
        self._unreadable: set[str] = set()
        self._signatures: dict[tuple[int, str], str] = {}
        self._bounds: dict[str, int] = {}
        """The largest packs of a signature since one found too little memory here."""
        self._pending = PendingRuns(self._ordered(study.plan.runs), self._signature)
        self.note(ledger_state.runs)

    @property
    def finished(self) -> bool:
        """Whether all runs that are planned have ended, and its sampler plans no more."""
        return not self._pending and not self._study.plan.due

    def refresh(self) -> set[str]:
        """Reads what other workers did and planned; returns the runs that something happened to."""
        planned = self._study.refresh()
        for run in self._ordered(planned):
            self._pending.add(run)
        self._gone = set(self._dead())
        changed = self._ledger_state.refresh()
        changed.update(run.id for run in planned)  # one may have ended before we knew of its plan
        known = self._ledger_state.runs
        self.note([run for run in changed | set(self._woken()) if run in known])
        return changed

    def _woken(self) -> Iterator[str]:
        """The runs of trials that were promoted since."""
        promotions, plan = self._study.promotions, self._study.plan
        for trial in () if promotions is None else promotions.moved():
            if trial < len(plan.trials):
                yield from (run.id for run in plan.runs_of(trial))

    def _ordered(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Runs in the order in which they are taken: where a pruner judges, a trial's seed by seed.

        It judges a trial by the first seeds that have been trained on all tasks.
        """
        space = self._study.space
        if space.pruner is None or space.pruner.name == "wilcoxon" or len(space.tasks) == 1:
            return runs
        place = {seed: number for number, seed in enumerate(space.seeds)}
        return sorted(runs, key=lambda run: (run.trial, place[run.seed]))

    def _dead(self) -> Iterator[str]:
        """Workers that hold runs and must no longer be taken for alive."""
        for worker in {self._ledger_state.runs[run].worker for run in self._running}:
            known = self._ledger_state.workers.get(worker or "")
            header = known.header if known is not None else WorkerHeader()
            if worker is None:
                continue
            if self._ledger_state.outlived(header) or not self._observer.alive(worker, header):
                yield worker

    def wanting(self) -> int:
        """How many trials must be planned so that this worker can fill a pack."""
        plan = self._study.plan
        if not plan.due:
            return 0
        size = self._most(plan.runs[-1]) if plan.runs else 1
        missing = size - sum(1 for _ in islice(self._open(iter(self._pending)), size))
        return -(-missing // (len(plan.space.tasks) * len(plan.space.first_seeds)))

    def fatal(self) -> Iterator[tuple[RunRecord, RunEnd]]:
        """Runs that must not be tried again, and how they end.

        Their holder died with them alone, no step further: for its memory, where that shows, or as
        often as `limits.deaths` allows.
        """
        for record in [self._ledger_state.runs[run] for run in self._running]:
            if not record.died_in_vain or self._held(record) or self._excused(record):
                continue
            worker = str(record.worker)
            known = self._ledger_state.workers.get(worker)
            why = self._observer.out_of_memory(worker, known.header) if known else None
            if why is not None:
                error = f"its worker was killed for its memory: {why}"
                yield record, RunEnd("oom", record.step, error=error)
            elif record.deaths >= self._study.space.limits.deaths:
                yield record, RunEnd("lost", record.step)

    def pick(self) -> list[Candidate]:
        """Open runs that may train together, each with the state that it resumes from."""
        batch: list[Candidate] = []
        key: tuple[str, int] | None = None
        size = 1
        first = next(self._open(iter(self._pending)), None)
        for run in self._open(self._pending.like(first)) if first is not None else ():
            if key is not None and (self._signature(run), self._resumes_at(run)) != key:
                continue
            cap = self._cap(run)
            if batch and cap is not None and cap <= len(batch):
                continue
            candidate = self._adopt(run)
            if key is None:
                key = (self._signature(run), candidate.step)
                size = self._size(run)
            elif candidate.step != key[1]:
                continue
            batch.append(candidate)
            size = size if cap is None else min(size, cap)
            if len(batch) >= size:
                break
        return batch

    def note(self, changed: Iterable[str]) -> None:
        """Takes in what the ledger knows of runs to which something happened."""
        for run in changed:
            record = self._ledger_state.runs[run]
            self._learn(record)
            (self._running.add if record.state == "running" else self._running.discard)(run)
            planned = self._study.plan.find(run)
            if record.settled and not self._promoted(planned, record):
                self._pending.ended(run)
            elif run not in self._pending and planned:
                self._pending.add(planned)

    def _promoted(self, run: Run | None, record: RunRecord) -> bool:
        """Whether a run that paused goes on."""
        promotions = self._study.promotions
        if run is None or promotions is None or record.end is not None:
            return False
        return not promotions.paused(run.trial, record)

    def _learn(self, record: RunRecord) -> None:
        """Packs like one that found too little memory in this process stay smaller from now on."""
        attempt = record.tries.get(record.last)
        if attempt is None or attempt.released != "memory" or attempt.worker != self._worker:
            return
        run = self._study.plan.find(record.run)
        if run is not None and attempt.cap is not None:
            signature = self._signature(run)
            self._bounds[signature] = min(attempt.cap, self._bounds.get(signature, attempt.cap))

    def _open(self, runs: Iterator[Run]) -> Iterator[Run]:
        for run in runs:
            record = self._ledger_state.runs.get(run.id)
            if record is None or (record.end is None and not self._held(record)):
                yield run

    def _held(self, record: RunRecord) -> bool:
        """Whether a worker holds the run that must be taken for alive.

        A dead one's run is taken over only once all that it wrote has been read.
        """
        if record.state != "running" or record.worker in (None, self._worker):
            return False
        known = self._ledger_state.workers.get(record.worker)
        return record.worker not in self._gone and (known is None or not known.closed)

    def _size(self, first: Run) -> int:
        size = self._most(first)
        if self._pack != "auto" or self._study.plan.due:
            return size
        share = -(-(len(self._pending) - len(self._running)) // self._workers)
        return max(1, min(size, share))

    def _most(self, first: Run) -> int:
        """The most members of a pack that begins with `first`."""
        trainable = self._study.trainable
        if not shares_packs(trainable, self._study.completed(first).params):
            return 1
        bound = self._bounds.get(self._signature(first))
        size = int(self._pack) if self._pack != "auto" else self._fitting(first)
        return size if bound is None else min(size, bound)

    def _fitting(self, first: Run) -> int:
        """The most members that train well together and find memory, and disk where they want it.

        On a GPU its memory is asked for.
        """
        trainable, first = self._study.trainable, self._study.completed(first)
        size = trainable.pack_size(first.params, first.task, self._device)
        scratch = scratch_bytes(trainable, first.params, first.task, first.steps)
        if scratch:
            each = disk_usage.scratch_free() // memory.neighbours(self._workers)
            size = max(1, min(size, each // scratch))
        if self._device != "cpu" or not isinstance(trainable, SupportsMemoryEstimates):
            return size
        if self._room is None:
            trainable.prepare()
            self._room = self._gauge.room()
        steps, room = first.steps, self._room

        def fits(members: int) -> bool:
            return trainable.pack_bytes(first.params, first.task, steps, members) <= room

        return next((members for members in range(size, 1, -1) if fits(members)), 1)

    def _cap(self, run: Run) -> int | None:
        record = self._ledger_state.runs.get(run.id)
        if record is None:
            return None
        return record.tries[record.last].pack or None if self._excused(record) else record.cap

    def _signature(self, run: Run) -> str:
        key = (run.trial, run.task)
        if key not in self._signatures:
            params = self._study.completed(run).params
            signature = self._study.trainable.signature(params, run.task)
            alike = self._study.space.one_length
            self._signatures[key] = signature if alike else f"steps={run.steps} {signature}"
        return self._signatures[key]

    def _resumes_at(self, run: Run) -> int:
        record = self._ledger_state.runs.get(run.id)
        saved = None if record is None else record.resume_from
        return 0 if saved is None or saved.file in self._unreadable else saved.step

    def _adopt(self, run: Run) -> Candidate:
        """Takes the run's state under this worker's name; from the start where it is damaged."""
        record = self._ledger_state.runs.get(run.id)
        if record is None:
            return Candidate(run, 0)
        saved, excused = record.resume_from, self._excused(record)
        if saved is None or saved.file in self._unreadable:
            return Candidate(run, 0, excused=excused)
        paths = self._study.paths
        mine = paths.checkpoint(
            run.id, record.generation, record.last + 1, self._worker, saved.step
        )
        try:
            loaded = checkpoint.adopt(paths.checkpoints / saved.file, mine)
        except ValueError as error:
            log.warning("checkpoints/%s; the run %s begins anew", error, run.id)
            self._unreadable.add(saved.file)
            return Candidate(run, 0, excused=excused)
        return Candidate(run, saved.step, loaded, excused)

    def _excused(self, record: RunRecord) -> bool:
        """Whether the run's last attempt ended with its worker's job, and not by itself."""
        if record.state != "running" or record.worker is None:
            return False
        known = self._ledger_state.workers.get(record.worker)
        return known is not None and self._observer.excuses(known.header)
