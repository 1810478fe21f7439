"""MLflow: a run a run, in a local database or on a tracking server.

How much of a run is shown is a tag of it, so that the store itself says it, whoever asks. The tag
is written last: a run without it was not finished, and is deleted. Before a process adds to a run
that another one wrote, it asks the store what is there already.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sweeper.errors import SweeperError, shown
from sweeper.log import log
from sweeper.study.study import Study
from sweeper.trackers.base import FIGURES, RunTracker, needed
from sweeper.trackers.updates import Position, RunUpdate

T = TypeVar("T")

_RUN, _POSITION = "sweeper.run", "sweeper.position"
"""Tags of a run: which it is, and how much of it is shown."""

_STUDY, _FOLDER = "sweeper.study", "sweeper.folder"
"""Tags of an experiment: of which study it is, and where that was."""

_STATES = {
    "running": "RUNNING",
    "open": "SCHEDULED",
    "paused": "SCHEDULED",
    "complete": "FINISHED",
    "pruned": "KILLED",
}
"""What MLflow calls the states that are no failures."""

_METRICS, _PARAMS, _PAGE = 1000, 100, 1000
"""The most that MLflow takes at a time of metrics and of parameters, and runs that it is asked for.
"""

_LONGEST_NAME, _LONGEST_VALUE = 250, 6000
"""The most characters that MLflow takes of a name, and of a parameter's value."""


class Tracker(RunTracker):
    """Runs of the experiment that is called like the study."""

    def __init__(self, study: Study, out: str | None) -> None:
        self._mlflow = needed("mlflow.tracking", "mlflow", "mlflow")
        self._entities = needed("mlflow.entities", "mlflow", "mlflow")
        self._uri = out if out and "://" in out else os.environ.get("MLFLOW_TRACKING_URI")
        if out and "://" not in out:
            self._uri = None
        super().__init__(study, out)
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # 7 take minutes
        for name in ("mlflow", "alembic"):  # which tell of each table of a new database
            logging.getLogger(name).setLevel(logging.WARNING)
        database = f"sqlite:///{self.folder.resolve() / 'mlflow.db'}"
        self._client = self._mlflow.MlflowClient(self._uri or database)
        self._keeps_artifacts = True
        """Whether artifacts go where they did when the experiment was created."""
        self._experiment = self._its_experiment()
        self._ids: dict[str, str] = {}
        """What MLflow calls each run."""
        self._positions: dict[str, Position] = {}
        self._own: set[str] = set()
        """Runs to which nobody but this process has written since it began."""
        self._read()

    def folder_for(self, out: str | None) -> Path:
        """The folder of the local database, or for the lock alone."""
        return super().folder_for(None if self._uri else out)

    @property
    def place(self) -> str:
        """The server's or the database's address."""
        return self._uri or f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def positions(self) -> Mapping[str, Position]:
        """What the store says."""
        return self._positions

    def write(self, update: RunUpdate) -> None:
        """Adds what is new to a run, or creates one and deletes the one whose place it takes."""
        run, client = update.run, self._client
        old = self._ids.get(run.id)
        if update.before is None or old is None:
            id, points = self._created(run.id, update.title, update.started), update.points
            params = [
                self._entities.Param(_name(name), str(value)[:_LONGEST_VALUE])
                for name, value in update.config.items()
            ]
            for some in _chunks(params, _PARAMS):
                client.log_batch(id, params=some)
        else:
            id, points = old, update.new
        numbers = [(*one, step) for step, metrics in points for one in metrics.items()]
        numbers += [(*one, update.step) for one in update.results.items()]
        there = self._there(id, {name for name, _, _ in numbers}) if run.id not in self._own else ()
        metrics = [
            self._entities.Metric(_name(name), value, int(1000 * update.time_at(step)), step)
            for name, value, step in numbers
            if (_name(name), step) not in there
        ]
        for some in _chunks(metrics, _METRICS):
            client.log_batch(id, metrics=some)
        if update.error:
            client.set_tag(id, "sweeper.error", update.error[-_LONGEST_VALUE:])
        self._finish(id, update)
        self._commit(run.id, id, update.position)
        self._own.add(run.id)
        if old is not None and old != id:
            client.delete_run(old)

    def write_figures(self, files: Sequence[Path], position: Position) -> None:
        """Logs the pictures as artifacts of a run of their own."""
        if not self._keeps_artifacts:
            log.warning("%s was moved: figures would be written to where it was", self.folder)
            return
        known = self._ids.get(FIGURES)
        id = known or self._created(FIGURES, FIGURES, 0.0)
        for file in files:
            self._client.log_artifact(id, str(file), FIGURES)
        self._client.set_terminated(id, "FINISHED")
        self._commit(FIGURES, id, position)

    def _created(self, name: str, title: str, started: float) -> str:
        """A new run's id; it is tagged with what it is from the beginning."""
        tags = {_RUN: name, _STUDY: self.identity}
        made = self._client.create_run(
            self._experiment, start_time=int(1000 * started), tags=tags, run_name=title
        )
        self._own.add(name)
        return str(made.info.run_id)

    def _finish(self, id: str, update: RunUpdate) -> None:
        """Tells how a run stands."""
        status = _STATES.get(update.position.state, "FAILED")
        if update.ended:
            self._client.set_terminated(id, status, int(1000 * update.until))
        else:
            self._client.update_run(id, status)
        self._client.set_tag(id, "sweeper.state", update.position.state)

    def _commit(self, name: str, id: str, position: Position) -> None:
        self._client.set_tag(id, _POSITION, json.dumps(position.as_json()))
        self._ids[name], self._positions[name] = id, position

    def _there(self, id: str, names: set[str]) -> set[tuple[str, int]]:
        """Which of these metrics the store has, at which steps."""
        keys = {_name(name) for name in names}
        return {(key, one.step) for key in keys for one in self._client.get_metric_history(id, key)}

    def _its_experiment(self) -> str:
        """The study's experiment, which knows it under any name; `SweeperError` for another's.

        A copy of the study has an experiment of its own, but in the store that was copied with it.
        """
        from mlflow.entities import ViewType

        client, identity, home = self._client, self.identity, _text(self.home)
        artifacts = None if self._uri else (self.folder.resolve() / "artifacts").as_uri()
        mine = f"tags.`{_STUDY}` = '{identity}'"
        found = [
            one
            for one in client.search_experiments(ViewType.ALL, filter_string=mine)
            if one.lifecycle_stage == "active"
            and (self._is_of_home() or not self.is_copy(one.tags.get(_FOLDER)))
        ]
        for one in sorted(found, key=lambda one: one.tags.get(_FOLDER) != home)[:1]:
            self._keeps_artifacts = artifacts in (None, one.artifact_location)
            if one.tags.get(_FOLDER) != home:
                client.set_experiment_tag(one.experiment_id, _FOLDER, home)
            return str(one.experiment_id)
        name = self.study.name
        taken = client.get_experiment_by_name(name)
        if taken is not None:
            how = "deleted" if taken.lifecycle_stage != "active" else "another"
            where = taken.tags.get(_FOLDER)
            raise SweeperError(
                f"{self.place} holds {how} experiment {shown(name)}"
                + (f", of the study in {where}, but this one is in {home}" if where else "")
                + ": rename it there, or name another store (out=…)"
            )
        tags = {_STUDY: identity, _FOLDER: home}
        return str(client.create_experiment(name, artifact_location=artifacts, tags=tags))

    def _is_of_home(self) -> bool:
        """Whether the store is a database in the study's folder, which holds no other study."""
        return self._uri is None and self.is_at_home()

    def _read(self) -> None:
        """Takes in what the store shows; deletes runs that were not finished or are replaced."""
        for run in self._runs():
            name, position = run.data.tags.get(_RUN), _position(run.data.tags.get(_POSITION))
            if name is None:  # of somebody else
                continue
            known = self._positions.get(name)
            newer = position and (known is None or position.edition > known.edition)
            gone = run.info.run_id if not newer else self._ids.get(name)
            if position and newer:
                self._ids[name], self._positions[name] = run.info.run_id, position
            if gone is not None:
                self._client.delete_run(gone)

    def _runs(self) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], max_results=_PAGE, page_token=token, order_by=["start_time"]
            )
            yield from list(page)
            token = page.token
            if not token:
                return


def _position(text: str | None) -> Position | None:
    """What the tag says; `None` where there is none, or somebody changed it."""
    try:
        return None if text is None else Position.of_json(json.loads(text))
    except (ValueError, TypeError):
        return None


def _text(folder: Path) -> str:
    """A folder as a tag: names of files may be no text."""
    return str(folder).encode(errors="backslashreplace").decode()


def _name(name: str) -> str:
    """A name as MLflow takes it: characters that it does not take are written as their numbers."""
    plain = re.sub(r"[^\w.\- :/]", lambda found: f"_{ord(found[0]):x}_", name)
    if plain != os.path.normpath(plain) or plain.startswith(("/", "..")) or plain == ".":
        plain = plain.replace("/", "_2f_").replace(".", "_2e_") or "_"
    if len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[: _LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
