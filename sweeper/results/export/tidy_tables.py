"""A study's runs, trials or reports as a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sweeper.errors import SweeperError, choices, shown
from sweeper.files.atomic import check_out, replacing
from sweeper.ledger.state import LedgerState
from sweeper.results import frames
from sweeper.results.slices.part import Part
from sweeper.space.blocks.parts import every_axis
from sweeper.study.study import Study

TABLES: dict[str, Callable[[Study, LedgerState], pd.DataFrame]] = {
    "runs": frames.runs,
    "trials": frames.trials,
    "reports": frames.reports,
}


def write(study: Study, table: str, out: Path, asked: Mapping[str, Any] | None = None) -> Path:
    """Writes one of `TABLES` to `out`, as `.csv` or `.parquet`; returns `out`.

    Of that part of the study alone which `asked` says, as `Part.of` takes it.

    With several scores their columns are called by their metrics, as in `value return`.
    """
    if table not in TABLES:
        raise SweeperError(f"unknown table {shown(table)}{choices(table, TABLES)}")
    check_out(out, tuple(_WRITERS))
    part = Part.of(study, asked or {})
    ledger_state = study.ledger_state(reports=table == "reports")
    found = TABLES[table](study, ledger_state)
    if part.mask is not None or part.top is not None:
        every = found if table == "runs" else frames.runs(study, ledger_state)
        kept = every[part.table(every, study.space)]
        if table == "trials":
            found = frames.of_runs(kept, study.space, list(every_axis(study.space)))
        else:
            found = found[found["run"].isin(kept["run"])]
    replace(out, found if table == "reports" else frames.named(found, study.space))
    return out


def replace(out: Path, table: pd.DataFrame) -> None:
    """Writes `table` under a temporary name and renames it to `out`."""
    try:
        with replacing(out) as new:
            _WRITERS[out.suffix](table, new)
    except OSError as error:
        raise SweeperError(f"cannot write {out}: {error.strerror}") from error


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


_WRITERS = {".csv": _csv, ".parquet": _parquet}
