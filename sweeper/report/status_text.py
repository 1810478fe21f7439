"""The status of a study as a few lines for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from sweeper.ledger.damage import LOST_LEDGER, LOST_LINES
from sweeper.report.progress.work_left import WorkLeft
from sweeper.report.study_status import BestTrial, Provenance, StudyStatus
from sweeper.study.study import Cancellation
from sweeper.text import agreed, counted, few, further, labels_text, size

_SHOWN = 5
_LARGEST = 3


def summary_lines(status: StudyStatus) -> Iterator[str]:
    """Counts, who is at work, the best trial, errors, origin, disk and damage, a line each."""
    tags = f" [{', '.join(status.tags)}]" if status.tags else ""
    yield f"{status.study}: {_by_state('run', status.runs)}{tags}"
    yield from (f"  note: {line}" for line in status.note.splitlines()[:1])
    yield f"  {_by_state('trial', status.trials)}"
    if status.seeds:
        held = (f"{counted(number, 'trial')} with {n}" for n, number in status.seeds.items())
        yield f"  seeds: {', '.join(held)}"
    if status.unfound:
        yield f"  {further(status.unfound)}"
    yield from (f"  {line}" for line in _progress(status.progress))
    yield from (f"  {line}" for line in _at_work(status))
    yield from (f"  pruner: {line}" for line in status.pruner)
    best = status.best
    if best is not None:
        yield (
            f"  best: trial {best.trial}, {_values(best)} "
            f"({best.aggregate} of {counted(best.n, 'run')}{_diverged(best.diverged)}): "
            f"{labels_text(best.params)}{_broken(best)}"
        )
    for error, number in list(status.errors.items())[:_SHOWN]:
        yield f"  {number} failed: {error}"
    for error, number in list(status.raised.items())[:_SHOWN]:
        yield f"  {number} raised, and {agreed(number, 'is', 'are')} tried again: {error}"
    yield from (f"  {line}" for line in _began(status.provenance))
    yield f"  {_disk(status.disk)}"
    if status.skipped_saves:
        yield (
            f"  {counted(status.skipped_saves, 'save')} left out: no room under "
            "checkpoint.max_gb, or on the disk"
        )
    for damage in status.damaged:
        yield (
            f"  damaged: bytes {damage.start} to {damage.end} of ledger/{damage.file} "
            f"hold no whole line: {LOST_LINES}"
        )
    for file in status.missing:
        yield (f"  missing: ledger/{file}: {LOST_LEDGER}")
    for unsound in status.unsound:
        yield f"  damaged: {unsound}"


def _progress(progress: WorkLeft) -> Iterator[str]:
    """What is left, where anything is, and how far the runs are that are going on."""
    if progress.runs_left:
        yield progress.line()
    if progress.running_at is not None:
        least, most = progress.running_at
        steps = f"step {least:,}" if least == most else f"steps {least:,} to {most:,}"
        values = _last_values(progress.last_values)
        yield f"running at {steps}{values}: `sweeper runs state=running` lists them"


def _last_values(ends: tuple[float, float] | None) -> str:
    """What runs that go on have reported last, in the metric's own unit."""
    if ends is None:
        return ""
    least, most = (f"{end:.4g}" for end in ends)
    return f", last value {least}" if least == most else f", last values {least} to {most}"


def _broken(best: BestTrial) -> str:
    """What the best trial breaks, as none keeps all constraints."""
    return f" (breaks {', '.join(best.breaks)}, as all do)" if best.breaks else ""


def _values(best: BestTrial) -> str:
    """Its value; of several, among which the first decides, each by name."""
    if len(best.values) == 1:
        return f"score {best.value:.3g}"
    return ", ".join(f"{name} {value:.3g}" for name, value in best.values.items())


def _by_state(what: str, counts: Mapping[str, int]) -> str:
    """`12 runs: 3 open, 9 complete`."""
    each = [f"{number} {state}" for state, number in counts.items() if number and state != "total"]
    return f"{counted(counts['total'], what)}: {', '.join(each)}"


def _diverged(count: int) -> str:
    return f", {count} of them diverged" if count else ""


def _at_work(status: StudyStatus) -> Iterator[str]:
    """Who works or may work still, and the evidence where that is not plain."""
    cancelled, jobs = status.cancelled, status.jobs
    if cancelled is not None:
        yield _cancelled(cancelled)
    working = sum(worker.state == "working" for worker in status.workers)
    if working:
        yield f"{counted(working, 'worker')} at work"
    if jobs is not None:
        yield f"{counted(sum(jobs.values()), 'Slurm job')}: " + ", ".join(
            f"{number} {state}" for state, number in jobs.items() if number or state != "failed"
        )
    if not status.unended:
        return
    doubtful = [w for w in status.workers if w.state in ("silent", "waiting", "unknown")]
    for worker in doubtful[:_SHOWN]:
        yield f"worker {worker.name} is {worker.state}: {worker.evidence}"
    if len(doubtful) > _SHOWN:
        yield f"… and {counted(len(doubtful) - _SHOWN, 'worker')} more like these"


def _cancelled(mark: Cancellation) -> str:
    """When and by whom, as far as its file says."""
    if mark.time is None:
        return "cancelled: sweeper run goes on"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(mark.time))
    if mark.why is None:
        return f"cancelled {when} by {mark.user} on {mark.host}: sweeper run goes on"
    how = "sweeper run goes on" if mark.limit == "hours" else "sweeper run says how to go on"
    return f"stopped {when}: {mark.why}; {how}"


def _began(provenance: Provenance) -> Iterator[str]:
    """The code and the machine that the study began with, and what code other workers ran."""
    code, machine = provenance.code, provenance.machine
    if code and machine:
        files = sum(name.endswith(".py") for name in code)
        whole = [f"{name} {code[name]}" for name in code if not name.endswith(".py")]
        shown = few([*whole, *([counted(files, "file") + " of code"] if files else [])], _SHOWN)
        yield f"began with {shown} on {machine['host']} ({counted(machine['cores'], 'core')})"
    for task, facts in list(provenance.tasks.items())[:_SHOWN]:
        yield f"task {task}: " + ", ".join(f"{name} {words}" for name, words in facts.items())
    if provenance.source:
        of, *facts_of = provenance.source.values()
        yield f"of the runs of {of}: {', '.join(facts_of)}"
    if provenance.mixed:
        yield provenance.mixed
    if provenance.edited:
        yield (f"changed since: {few(provenance.edited)}; sweeper run goes on with other_code=true")
    others = provenance.other_code
    for line in dict.fromkeys(line for lines in others.values() for line in lines):
        number = sum(line in lines for lines in others.values())
        yield f"{counted(number, 'worker')} ran other code: {line}"


def _disk(usage: Mapping[str, int]) -> str:
    """What the study takes on the disk, and its largest parts."""
    parts = {name: each for name, each in usage.items() if name not in ("total", "files")}
    largest = sorted(parts, key=lambda name: -parts[name])[:_LARGEST]
    shown = ", ".join(f"{size(parts[name])} {name}" for name in largest if parts[name])
    return f"{size(usage['total'])} on disk in {counted(usage['files'], 'file', ',')}: {shown}"
