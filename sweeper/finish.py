"""What happens when the last run of a study has ended: its figures and its Optuna storage."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from sweeper import compact, store, temporary
from sweeper.claims import Claims
from sweeper.errors import SweeperError
from sweeper.fold import Fold
from sweeper.paths import write_durably
from sweeper.study import Study


def once(study: Study, fold: Fold, worker: str) -> None:
    """Draws figures and writes the Optuna storage, unless another worker is doing so."""
    name = study.paths.claims / f"finish.{_edition(study, fold)}"
    if Claims(study.paths.claims, worker).place([name], {"kind": "finish"}) == [None]:
        now(study)


def due(study: Study, fold: Fold) -> bool:
    """Whether the figures in the study's folder show less than its ledger."""
    stamp = _stamp(study)
    return not stamp.exists() or stamp.read_text() != _edition(study, fold)


def now(study: Study) -> bool:
    """Draws the space's figures and writes the Optuna storage; whether all could be drawn.

    A figure that raises is reported; the others are drawn, and the next `sweeper run` tries again.
    One that has nothing to show, as where all runs failed, is only reported.
    """
    from sweeper import figures, optuna_storage

    fold = study.fold()
    edition = _edition(study, fold)
    whole = True
    for name in dict.fromkeys(entry.name for entry in study.space.figures):
        try:
            figures.render(study, name, {}, fold=fold)
        except figures.Nothing as error:
            print(f"sweeper: {error}", file=sys.stderr)
        except SweeperError as error:
            whole = False
            print(f"sweeper: {name} could not be drawn: {error}", file=sys.stderr)
        except Exception:
            whole = False
            print(f"sweeper: {name} could not be drawn:", file=sys.stderr)
            traceback.print_exc()
    optuna_storage.write(study, fold)
    if study.ended_in(fold):
        store.conclude(study.paths, fold)
        tidy(study)
    if whole:
        write_durably(_stamp(study), edition.encode())
    return whole


def tidy(study: Study) -> None:
    """Removes what processes that were killed had begun to write and nobody will ever read."""
    paths = study.paths
    folders = (paths.plans, paths.trials, paths.claims, paths.weights, paths.figures)
    temporary.sweep([paths.folder, *folders])
    compact.tidy(paths)


def _stamp(study: Study) -> Path:
    return study.paths.figures / ".edition"


def _edition(study: Study, fold: Fold) -> str:
    """Names the set of ends that the figures show, and the space that says which figures."""
    ends = [record for record in fold.runs.values() if record.end is not None]
    generations = sum(record.generation for record in ends)
    return f"{len(ends)}.{generations}.{len(study.versions)}"
