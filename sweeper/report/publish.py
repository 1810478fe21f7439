"""Figures, report and Optuna storage, written when the last run of a study has ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

from sweeper.errors import Invalid, SweeperError, choices
from sweeper.figures import records
from sweeper.figures.records import Record
from sweeper.files import temporary
from sweeper.files.atomic import remove, write_durably
from sweeper.ledger.claims.claims import FINISH, Claim
from sweeper.ledger.run_record import SCORED
from sweeper.ledger.snapshots import compaction
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.lookup import is_file, located
from sweeper.study import command_hints
from sweeper.study.study import Study
from sweeper.worker.checkpoints import checkpoint_store

NO_FIGURES: Mapping[str, str] = MappingProxyType({})
"""No figure of a user's own is drawn: what who looks at a study asks for."""


def once(study: Study, ledger_state: LedgerState, worker: str) -> None:
    """Writes figures, report and Optuna storage, unless another worker is doing so."""
    name = f"finish.{study.edition(ledger_state)}"
    if study.claims(worker).place([name], Claim(FINISH, worker)) == [None]:
        now(study, own=None)


def due(study: Study, ledger_state: LedgerState) -> bool:
    """Whether the figures and the report in the study's folder show less than its ledger."""
    try:
        stamp = _stamp(study).read_bytes()
    except OSError:
        return True
    return stamp != study.edition(ledger_state).encode() or not study.paths.report.exists()


def now(study: Study, own: Mapping[str, str] | None = NO_FIGURES) -> bool:
    """Writes figures, report and Optuna storage; returns whether all could be drawn.

    If not, the next `sweeper run` tries again. Where these are runs under fresh seeds, figures and
    report of the study whose configurations met them are made anew, too. `own` is as for `draw`.
    """
    from sweeper.results.export import optuna_storage
    from sweeper.results.ranking import fresh_runs

    ledger_state = study.ledger_state()
    edition = study.edition(ledger_state)
    whole = draw(study, ledger_state, own)
    optuna_storage.write(study, ledger_state)
    if study.ended_in(ledger_state):
        checkpoint_store.conclude(study.paths, ledger_state)
        study.claims(temporary.process()).folders.fold()
        tidy(study)
    if whole:
        write_durably(_stamp(study), edition.encode())
    first = fresh_runs.first_of(study)
    if first is not None:
        first.share_files()
        draw(first, first.ledger_state(), own)
        study.share_files()
    return whole


def draw(
    study: Study, ledger_state: LedgerState, own: Mapping[str, str] | None = NO_FIGURES
) -> bool:
    """Draws the space's figures and writes the report that shows them; whether all went well.

    What raises is reported, and the others are drawn; nothing is where no run has a score yet.
    Figures of an earlier state of the study that somebody drew by hand are drawn anew, or moved to
    `figures/old` where that cannot be. Figures of a user's own are files that run: only those that
    `own` maps to a file are drawn, or all where it is `None`, as for those who train; the report
    names the others.
    """
    from sweeper import figures
    from sweeper.report.page import page

    failures: list[str] = []
    pictures: list[Path] = []
    wanted = study.space.drawn if scored(ledger_state) else ()
    left_out: list[str] = []
    for name in dict.fromkeys(entry.name for entry in wanted):
        code = _code(name, own)
        if code is None:
            left_out.append(_left_out(study, name))
            continue
        each = partial(_reported, name, failures)
        with each():
            pictures += figures.render(study, name, {}, None, ledger_state, code, each)
    for record in stale(study, ledger_state) if scored(ledger_state) else ():
        code = _code(record.name, own)
        if code is not None:
            with _reported(record.stem, []):
                figures.redraw(study, record, ledger_state, code)
    leave = records.give_up if study.ended_in(ledger_state) else records.set_aside
    leave(study.paths, stale(study, ledger_state))
    with _reported("the report", failures):
        shown = [file for file in pictures if file.suffix == ".svg"]
        page.write(study, ledger_state, shown, [*left_out, *failures])
    if due(study, ledger_state):  # another was at it meanwhile, and knew more
        invalidate(study)
    return not failures


def _code(name: str, own: Mapping[str, str] | None) -> str | None:
    """Where a figure is found; `None` for one of a user's own that is not to be run."""
    return name if own is None or not is_file(name) else own.get(name)


def own_figures(study: Study, given: Iterable[str]) -> dict[str, str]:
    """For each figure of the space that is a user's own, the file of `given` to draw it with.

    A file is the figure's where its name and the function's are. Raises `SweeperError` for one
    that is no figure of the space.
    """
    known = {_called(entry.name): entry.name for entry in study.space.figures or ()}
    known = {short: name for short, name in known.items() if is_file(name)}
    found = {}
    for code in given:
        if _called(code) not in known:
            raise SweeperError(
                f"figures={code} is no own figure of {study.name}{choices(code, known)}"
            )
        try:
            found[known[_called(code)]] = located("sweeper.figures", code)
        except Invalid as error:
            raise SweeperError(f"figures={code} {error.message}") from error
    return found


def _called(name: str) -> str:
    return name.rpartition("/")[2]


def _left_out(study: Study, name: str) -> str:
    """Says, and returns, that a figure is not drawn, and how it would be."""
    figure = shlex.quote(f"figures={name}")
    command = f"sweeper report {command_hints.words(study)} {figure}"
    said = f"{_called(name)} is not drawn: that would run {name.rpartition(':')[0]}"
    log.warning("%s; to do so: %s", said, command)
    return f"{said}; to do so: {command}"


def stale(study: Study, ledger_state: LedgerState) -> list[Record]:
    """The figures that were drawn of another state of the study, also those set aside."""
    return [
        record
        for record in records.read(study.paths)
        if record.edition != records.edition(study, ledger_state, record.options)
    ]


def set_aside(study: Study, ledger_state: LedgerState) -> int:
    """Moves what shows an earlier end of the study to `figures/old`; returns how many figures.

    Nothing but where there is more to train now: a figure of the whole study that was would pass
    for one of the study that is. They are drawn anew when it ends.
    """
    if study.ended_in(ledger_state):
        return 0
    found = [record for record in stale(study, ledger_state) if record.ended and not record.aside]
    records.set_aside(study.paths, found)
    concluded = _stamp(study).exists() and due(study, ledger_state)
    if (found or concluded) and study.paths.report.exists():
        study.paths.old_figures.mkdir(parents=True, exist_ok=True)
        study.paths.report.replace(study.paths.old_figures / study.paths.report.name)
        invalidate(study)
    return len(found)


def scored(ledger_state: LedgerState) -> bool:
    """Whether some run has ended with a score."""
    return any(record.state in SCORED for record in ledger_state.runs.values())


def invalidate(study: Study) -> None:
    """Marks the figures and the report as out of date, so that `sweeper run` makes them anew."""
    remove(_stamp(study))


@contextmanager
def _reported(name: str, failures: list[str]) -> Iterator[None]:
    """Prints, and adds to `failures`, why what is called `name` could not be drawn.

    To have nothing to show, as where all runs failed, is no failure.
    """
    from sweeper.errors import NothingToShow

    try:
        yield
    except NothingToShow as error:
        log.warning("%s: %s", name, error)
    except Exception as error:
        failures.append(f"{name} could not be drawn: {error}")
        log.error("%s", failures[-1], exc_info=not isinstance(error, SweeperError))


def tidy(study: Study) -> None:
    """Removes what processes that were killed had begun to write and nobody will ever read."""
    paths = study.paths
    folders = (paths.plans, paths.trials, paths.claims, paths.weights, paths.figures)
    temporary.sweep([paths.folder, *folders])
    study.claims(temporary.process()).folders.tidy()
    compaction.tidy(paths)


def _stamp(study: Study) -> Path:
    return study.paths.figures / ".edition"
