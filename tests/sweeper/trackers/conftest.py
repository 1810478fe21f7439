"""Fixtures of tests of trackers: each with its real package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sweeper import lookup


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of MLflow's: making one takes seconds."""
    tracking = pytest.importorskip("mlflow.tracking", reason="mlflow is not installed (its extra)")
    file = tmp_path_factory.mktemp("database") / "mlflow.db"
    tracking.MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture(params=lookup.names("sweeper.trackers"))
def to(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each tracker there is."""
    name: str = request.param
    pytest.importorskip(name, reason=f"{name} is not installed (extra `{name}`)")
    for variable in ("WANDB_MODE", "WANDB_PROJECT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    return name


@pytest.fixture
def out(to: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder to show runs in."""
    folder = tmp_path / "out"
    folder.mkdir()
    if to == "mlflow":
        shutil.copy(request.getfixturevalue("database"), folder)
    return folder
