"""Tables as files."""

from __future__ import annotations

import pandas as pd
import pytest

from sweeper.errors import SweeperError
from sweeper.results.export import tidy_tables

AXES = {"size": {"kind": "float", "values": [0.1, 0.3]}}


@pytest.fixture
def study(played):
    return played(lambda run, labels: ("complete", [(40, {"return": 1.0 + run.seed})]), axes=AXES)


@pytest.mark.parametrize(("table", "rows"), [("runs", 10), ("trials", 2), ("reports", 10)])
def test_csv_and_parquet_hold_the_same(study, tmp_path, table, rows):
    files = [
        tidy_tables.write(study, table, tmp_path / f"x{form}") for form in (".csv", ".parquet")
    ]
    csv, parquet = pd.read_csv(files[0]), pd.read_parquet(files[1])
    assert len(csv) == len(parquet) == rows
    for name in csv.columns:
        assert csv[name].tolist() == pytest.approx(parquet[name].tolist(), nan_ok=True)
    assert sorted(file.name for file in tmp_path.glob("*x.*")) == ["x.csv", "x.parquet"]


@pytest.mark.parametrize(
    ("table", "out", "message"),
    [
        ("run", "x.csv", r"unknown table 'run' \(did you mean 'runs'\?\).*runs, trials, reports"),
        ("runs", "x.xls", r"one of \.csv, \.parquet, but got '"),
        ("runs", "none/x.csv", "in a folder that exists"),
        ("runs", "folder.csv", "must name a file"),
    ],
)
def test_wrong_tables_and_files_are_refused(study, tmp_path, table, out, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SweeperError, match=message):
        tidy_tables.write(study, table, tmp_path / out)


def test_a_failed_write_leaves_the_old_file(study, tmp_path, monkeypatch):
    out = tidy_tables.write(study, "runs", tmp_path / "x.csv")
    before = out.read_text()

    def fails(table, path, **_):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fails)
    with pytest.raises(SweeperError, match="No space left"):
        tidy_tables.write(study, "trials", out)
    assert out.read_text() == before and not list(tmp_path.glob(".x*"))
