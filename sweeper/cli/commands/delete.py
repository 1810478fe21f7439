"""`sweeper delete`: removes studies, those of their fresh seeds included."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from sweeper.errors import SweeperError
from sweeper.files import temporary
from sweeper.files.disk_usage import usage
from sweeper.report import publish, worker_status
from sweeper.results.ranking import fresh_runs
from sweeper.study.study import Study
from sweeper.text import counted, size


def condemned(study: Study) -> list[Study]:
    """The study, and the one of its fresh runs, of which nothing could be told without it."""
    fresh = fresh_runs.study_of(study)
    return [study] if fresh is None else [study, fresh]


def question(studies: Sequence[Study]) -> str:
    """What is asked before studies are deleted."""
    each = [
        f"{study.name} ({counted(len(study.plan.runs), 'run')}, "
        f"{size(usage(study.paths)['total'])} in {study.folder.resolve()})"
        for study in studies
    ]
    return f"delete {' and '.join(each)}? Nothing brings them back"


def delete(studies: Sequence[Study]) -> None:
    """Deletes the studies; `SweeperError` where one is at work, and then all stay.

    Of a study whose configurations met fresh seeds in a deleted one, figures and report are made
    anew.
    """
    for study in studies:
        worker_status.check_idle(study)
    firsts = [fresh_runs.first_of(study) for study in studies]
    for study in reversed(studies):
        gone = temporary.beside(study.folder)
        try:
            os.rename(study.folder, gone)  # at once: what begins now finds no study
            shutil.rmtree(gone)
        except OSError as error:
            raise SweeperError(f"cannot delete {error.filename}: {error.strerror}") from error
    for first in firsts:
        if first is not None and first.folder.exists() and first.paths.report.exists():
            publish.now(first)
