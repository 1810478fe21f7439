"""The status of a study, counted from its plan, its ledger and its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper.files import disk_usage
from sweeper.ledger import damage
from sweeper.ledger.claims.claims import name_of
from sweeper.ledger.damage import DamagedFile
from sweeper.ledger.failure_cause import cause, last_line
from sweeper.ledger.reader import missing
from sweeper.ledger.records import WorkerRecord
from sweeper.ledger.run_record import PAUSED, STATES, UNENDED, UNSCORED
from sweeper.ledger.snapshots import compaction
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.planning.sampling.pruner_schedule import doubts, first_report
from sweeper.report import best_trial
from sweeper.report.progress import work_left
from sweeper.report.study_status import (
    DamagedBytes,
    Provenance,
    StudyStatus,
    WorkerStatus,
)
from sweeper.report.worker_status import StudyWorkers, WorkerState
from sweeper.study import note
from sweeper.study.provenance import code_differences, edited_files
from sweeper.study.study import Study
from sweeper.worker.checkpoints import checkpoint

Array = npt.NDArray[Any]

_SAMPLED = 256
"""Of how many runs the files are measured; more are estimated from these."""

TRIAL_STATES = (*UNENDED, "complete", "nan", "pruned", "failed")


def summarise(study: Study, ledger_state: LedgerState | None = None) -> StudyStatus:
    """The status of `study` as `ledger_state`, or else its ledger, has it."""
    if ledger_state is None:
        ledger_state = LedgerState(study.paths, reports=False)  # whose damage is among what is said
        ledger_state.refresh()
    study_workers = StudyWorkers(study, ledger_state)
    worker_states = study_workers.states()
    workers = {name: state.state for name, state in worker_states.items()}
    columns = Columns(ledger_state.runs, [run.id for run in study.plan.runs])
    states = run_states(columns, workers)
    trials = _trial_states(study, states)
    values = best_trial.values(study, ledger_state, columns, trials == "complete")
    scores = values[:, : len(study.space.scores)]
    trials[_undecided(study, scores, states) & (trials == "complete")] = "nan"
    runs, counts = Counter(states.tolist()), Counter(trials.tolist())
    plan, said = study.plan, note.read(study.paths)
    runs["open"] += plan.total - len(states)
    counts["open"] += plan.due
    return StudyStatus(
        study=study.name,
        folder=str(study.folder),
        runs={"total": plan.total} | {state: runs[state] for state in STATES},
        trials={"total": counts.total()} | {state: counts[state] for state in TRIAL_STATES},
        progress=work_left.of_study(study, ledger_state, columns, states, _gone(workers)),
        seeds=_seeds(study),
        unfound=plan.unfound,
        workers=[
            _worker(ledger_state.workers[name], state) for name, state in worker_states.items()
        ],
        pruner=_pruner(study, ledger_state),
        jobs=study_workers.jobs(),
        cancelled=study.cancelled,
        best=best_trial.best(study, values, states),
        errors=_errors(columns, states),
        raised=_raised(columns),
        provenance=_provenance(study, ledger_state, columns),
        disk=_usage(study, ledger_state, columns),
        skipped_saves=sum(worker.skipped for worker in ledger_state.workers.values()),
        damaged=[
            DamagedBytes(stretch.file, stretch.start, stretch.end)
            for stretch in ledger_state.damage()
            if workers.get(stretch.worker) != "working"
        ],
        missing=missing(study.paths),
        unsound=[*_unsound(study, said)],
        note=said.text if said else "",
        tags=list(said.tags) if said else [],
    )


def _unsound(study: Study, said: note.Note | None) -> Iterator[DamagedFile]:
    """Damage but for missing ledger files and stretches of them, which are told by themselves."""
    yield from (one for one in damage.of_files(study.paths) if one.what != damage.MISSING)
    yield from damage.of_claims(study.paths, study.versions[0].claims)
    yield from checkpoint.damaged(study.paths)
    yield from compaction.damaged(study.paths)
    if study.cancelled is not None and study.cancelled.time is None:
        yield DamagedFile("cancelled", "is damaged", "when and by whom is lost")
    if said is None:
        lost = "note and tags are lost; sweeper note writes them anew"
        yield DamagedFile(study.paths.note.name, "is damaged", lost)


def _seeds(study: Study) -> dict[int, int]:
    """How many trials have so many seeds, where these go in rungs."""
    plan = study.plan
    every = range(len(plan.trials)) if study.space.rungs else ()
    return dict(sorted(Counter(map(plan.seeds_of, every)).items()))


def _pruner(study: Study, ledger_state: LedgerState) -> list[str]:
    """What to doubt of the pruner, by the first steps at which it judged."""
    space, judged = study.space, ledger_state.judged.values()
    if space.pruner is None:
        return []
    first = min((min(steps) for steps in judged if steps), default=first_report(space))
    return list(doubts(space, first))


def _worker(worker: WorkerRecord, state: WorkerState) -> WorkerStatus:
    header = worker.header
    return WorkerStatus(
        name=worker.worker,
        host=header.host,
        job=header.job,
        restart=header.restart,
        log=header.log,
        state=state.state,
        evidence=state.evidence,
        silent_s=None if state.silent_s is None else round(state.silent_s, 1),
    )


def _usage(study: Study, ledger_state: LedgerState, columns: Columns) -> dict[str, int]:
    """What the study takes on the disk; of many runs only some are looked at."""
    attempts, ended = columns.numbers("attempts", 0), ~np.isnan(columns.numbers("ended"))
    claims = (attempts + ended).astype(int)
    begun = np.flatnonzero(claims)
    some = begun[:: -(-len(begun) // _SAMPLED) or 1].tolist()
    records = [(ledger_state.runs[study.plan.runs[n].id], int(claims[n])) for n in some]
    samples = {}
    if study.versions[0].claims is None:  # all of them lie in one folder for good
        samples["claims"] = disk_usage.Sample(
            int(claims.sum()),
            [
                study.paths.claims / name_of(record.run, record.generation, attempt)
                for record, number in records
                for attempt in range(number)
            ],
        )
    if not study.packs:  # functions have folders
        samples["runs"] = disk_usage.Sample(
            len(begun), [study.paths.runs / record.run for record, _ in records]
        )
    return disk_usage.usage(study.paths, samples)


def _provenance(study: Study, ledger_state: LedgerState, columns: Columns) -> Provenance:
    began, code = study.versions[0].origin, study.begun_with(ledger_state)
    headers = {name: worker.header for name, worker in sorted(ledger_state.workers.items())}
    others = {name: code_differences(code, header.code) for name, header in headers.items()}
    return Provenance(
        code=began.code,
        packages=began.packages,
        machine=began.machine,
        tasks=began.tasks,
        source=began.source,
        dirty=sorted(began.diffs),
        other_code={name: lines for name, lines in others.items() if lines},
        mixed=study.mixed_code(ledger_state, columns.texts("worker").tolist()),
        edited=edited_files(study.space, study.begun_with(ledger_state, -1)),
    )


def _errors(columns: Columns, states: Array) -> dict[str, int]:
    """The causes of failed runs, and how many runs each ended; the most frequent first."""
    ended = np.isin(states, UNSCORED)
    return _by_cause(zip(states[ended], columns.texts("error")[ended], strict=True))


def _raised(columns: Columns) -> dict[str, int]:
    """The causes of what was raised by runs that are tried again."""
    records = [record for _, record in columns.others if record.end is None]
    return _by_cause(("failed", record.error) for record in records)


def _by_cause(errors: Iterable[tuple[str, str | None]]) -> dict[str, int]:
    """How many `errors`, each with its run's state, have one cause; the first stands for them."""
    counts: Counter[str] = Counter()
    words: dict[str, str] = {}
    for state, error in errors:
        if error:
            found = cause(state, error)
            words.setdefault(found, last_line(error))
            counts[found] += 1
    told: Counter[str] = Counter()
    for found, number in counts.items():
        told[words[found]] += number
    return dict(told.most_common())


def _gone(workers: Mapping[str, str]) -> set[str]:
    """Workers of which nothing is to come, by their states."""
    return {name for name, state in workers.items() if state in ("left", "dead")}


def run_states(columns: Columns, workers: Mapping[str, str]) -> Array:
    """Each run's state; one whose worker is known to be gone is open for the next."""
    states, gone = columns.texts("state", "open"), _gone(workers)
    for number, record in columns.others:
        if record.state == "running" and record.worker in gone:
            states[number] = "open"
    return states


def _trial_states(study: Study, states: Array) -> Array:
    """All trials, judged as `frames.trials` does, without the seconds that pandas takes."""
    trial = np.array([run.trial for run in study.plan.runs], int)

    def count(*of: str) -> Array:
        return np.bincount(trial[np.isin(states, of)], minlength=len(study.plan.trials))

    missing = count(*UNENDED)
    untouched = missing == np.bincount(trial, minlength=len(missing))
    return np.select(
        [
            count(*UNSCORED) > 0,
            count("pruned", PAUSED) > 0,
            missing == 0,
            count("running") > 0,
            untouched,
        ],
        ["failed", "pruned", "complete", "running", "open"],
        "running",
    )


def _undecided(study: Study, values: Array, states: Array) -> Array:
    """Which trials [trials] lack one of their `values` [trials × scores] where runs diverged."""
    diverged = np.zeros(len(values), bool)
    diverged[
        [run.trial for run, state in zip(study.plan.runs, states, strict=True) if state == "nan"]
    ] = True
    return diverged & np.isnan(values).any(axis=1)
