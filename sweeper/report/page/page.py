"""Renders the report's template with the data of its sections, and writes the file."""

from __future__ import annotations

import base64
import functools
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

import sweeper
from sweeper.files.atomic import write_durably
from sweeper.ledger.run_record import STATES
from sweeper.ledger.state import LedgerState
from sweeper.report.page import overview, trials
from sweeper.report.page.failures import failures
from sweeper.report.page.pictures import shown
from sweeper.report.page.statistics import statistics
from sweeper.report.status import summarise
from sweeper.results import frames
from sweeper.results.ranking import fresh_outcome
from sweeper.results.tables.wording import coverage
from sweeper.results.verdicts import verdict_text
from sweeper.results.verdicts.verdicts import verdicts
from sweeper.space.blocks.parts import every_axis
from sweeper.stats import MIN_SEEDS
from sweeper.study import command_hints
from sweeper.study.study import Study
from sweeper.text import counted

_FOLDER = Path(__file__).parent


def write(
    study: Study, ledger_state: LedgerState, pictures: Sequence[Path], complaints: Sequence[str]
) -> None:
    """Writes the report of `study` as it stands by `ledger_state`.

    With the SVG files `pictures` in it, and `complaints` about those that could not be drawn.
    """
    text = _render(
        name=study.name,
        figures=[shown(number, file) for number, file in enumerate(pictures)],
        complaints=list(complaints),
        **_parts(study, ledger_state),
    )
    write_durably(study.paths.report, text.encode())


def _parts(study: Study, ledger_state: LedgerState) -> dict[str, Any]:
    """What the template asks for, beside the figures."""
    summary = summarise(study, ledger_state)
    every = frames.runs(study, ledger_state)
    table = frames.of_runs(every, study.space, list(every_axis(study.space)))
    runs = summary.runs
    best = trials.best(study, table)
    return {
        "runs": runs,
        "states": [(state, runs[state]) for state in STATES if runs[state]],
        "trials": summary.trials,
        "going_on": summary.unended > 0,
        "written": overview.stamp(time.time()),
        "facts_of_space": overview.space_facts(study),
        "axes": overview.axes(study),
        "yaml": overview.resolved(study.space),
        "machine": overview.machine_facts(study, ledger_state, summary),
        "damages": overview.damages(summary),
        "best": best,
        "statistics": statistics(study, every, [one.trial for one in best]) if best else None,
        "first_score": study.space.score_names[0] if study.space.score.also else None,
        "claims": _claims(study, ledger_state),
        "fresh": fresh_outcome.outcome(study, (every, table)),
        "table": trials.table(study, table),
        "failures": failures(study, ledger_state),
        "coverage": coverage(len(study.space.seeds)),
        "min_seeds": MIN_SEEDS,
        "words": command_hints.words(study),
        "place": str(Path.cwd()),
        "version": sweeper.__version__,
    }


def _claims(study: Study, ledger_state: LedgerState) -> dict[str, Any] | None:
    """The verdicts on the claims of the space, if it makes any."""
    found = verdicts(study, ledger_state)
    if not found:
        return None
    header, *rows = verdict_text.rows(found)
    return {"header": header, "rows": rows, "caption": verdict_text.caption(study.name, found)}


def _render(**parts: Any) -> str:
    """The template with these `parts`: all text is escaped, and no script but our own may run."""
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        counted=counted,
        script=Markup(script),
        digest=digest,
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),
        **parts,
    )


@functools.cache
def _template() -> Template:
    """The template, compiled once in a process."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
