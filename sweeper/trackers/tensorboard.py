"""TensorBoard: an event file a run, in folders `trial…/task/seed…`.

The journal says up to which byte the event file of a run is whole; what a killed process wrote
behind that is cut off. A run that begins anew has a new file in the place of the old one.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeper.planning.plan import Run
from sweeper.study.study import Study
from sweeper.trackers.base import FIGURES, FolderTracker, needed
from sweeper.trackers.updates import OWN, Position, RunUpdate

_EVENTS = "events.out.tfevents"
"""What names of event files hold, by which TensorBoard finds them."""

_LONGEST = 60
"""The most characters of a folder's name that is a task's."""


class Tracker(FolderTracker):
    """Event files that `tensorboard --logdir FOLDER` shows, with its page of hyperparameters."""

    def __init__(self, study: Study, out: str | None) -> None:
        needed("tensorboard.plugins.hparams.summary_v2", "tensorboard", "tensorboard")
        super().__init__(study, out)

    def write(self, update: RunUpdate) -> None:
        """Adds events to the file of a run, or begins it anew."""
        folder = self.folder / _path(update.run)
        file = _file(folder, update.position)
        mark = update.before.mark if update.before else None
        if isinstance(mark, int) and file.is_file() and file.stat().st_size >= mark:
            data = _records([*_reports(update, update.new), *_end(update)])
            with file.open("r+b") as opened:
                opened.truncate(mark)
                opened.seek(mark)
                opened.write(data)
        else:
            mark = 0
            data = _records([*_start(update), *_reports(update, update.points), *_end(update)])
            _empty(folder)
            file.write_bytes(data)
        self.commit(update.run.id, replace(update.position, mark=mark + len(data)))

    def write_figures(self, files: Sequence[Path], position: Position) -> None:
        """Writes the pictures to an event file of their own."""
        folder = self.folder / FIGURES
        _empty(folder)
        data = _records([_version(0.0), *map(_picture, files)])
        _file(folder, position).write_bytes(data)
        self.commit(FIGURES, position)


def _path(run: Run) -> Path:
    """A folder for each run, whose name TensorBoard shows, sorts and filters by."""
    return Path(f"trial{run.trial}", *map(_folder, run.task.split("/")), f"seed{run.seed}")


def _folder(part: str) -> str:
    """A part of a task's name as that of a folder; with a digest where it cannot stay as it is."""
    plain = "".join(one if one.isprintable() else "_" for one in part)
    if plain == part and len(part) <= _LONGEST and part.strip("."):
        return part
    return f"{plain[:_LONGEST]}_{hashlib.sha256(part.encode()).hexdigest()[:8]}"


def _file(folder: Path, position: Position) -> Path:
    return folder / f"{_EVENTS}.{position.edition}.sweeper"


def _empty(folder: Path) -> None:
    """Makes the folder, and removes event files that sweeper wrote there before."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob(f"{_EVENTS}.*.sweeper"):
        file.unlink()


def _version(time: float) -> Any:
    """The event that every file begins with."""
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time, file_version="brain.Event:2")


def _event(time: float, step: int, values: Any) -> Any:
    """An event of some values: a list of them, or a summary."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    summary = Summary(value=values) if isinstance(values, list) else values
    return Event(wall_time=time, step=step, summary=summary)


def _start(update: RunUpdate) -> Iterator[Any]:
    """The events that a run begins with; the second holds its hyperparameters."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    yield _version(update.started)
    told = hparams_pb(dict(update.config), trial_id=update.run.id, start_time_secs=update.started)
    yield _event(update.started, 0, told)


def _reports(update: RunUpdate, points: Sequence[tuple[int, dict[str, float]]]) -> Iterator[Any]:
    """An event a report."""
    for step, metrics in points:
        yield _event(update.time_at(step), step, _scalars(metrics))


def _scalars(numbers: Any) -> list[Any]:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]


def _end(update: RunUpdate) -> Iterator[Any]:
    """The events that an ended run ends with: its scores, its state, and what ended it."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    if not update.ended:
        return
    state, step = update.position.state, update.step
    said = {f"{OWN}state": state}
    if update.error:
        said[f"{OWN}error"] = "\n".join(f"    {line}" for line in update.error.splitlines())
    values = [*_scalars(update.results), *(_text(name, text) for name, text in said.items())]
    yield _event(update.until, step, values)
    good = state in ("complete", "pruned")
    end = plugin_data_pb2.SessionEndInfo(
        status=api_pb2.STATUS_SUCCESS if good else api_pb2.STATUS_FAILURE,
        end_time_secs=update.until,
    )
    held = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    about = metadata.create_summary_metadata(held)
    tag = metadata.SESSION_END_INFO_TAG
    value = Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)
    yield _event(update.until, step, [value])


def _text(name: str, text: str) -> Any:
    """A text as TensorBoard's page of texts shows it: Markdown."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.plugins.text.metadata import create_summary_metadata

    tensor = TensorProto(
        dtype=DT_STRING, string_val=[text.encode()], tensor_shape=TensorShapeProto()
    )
    return Summary.Value(tag=name, metadata=create_summary_metadata(None, None), tensor=tensor)


def _picture(file: Path) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    data = file.read_bytes()
    width, height = struct.unpack(">II", data[16:24])  # where every PNG has them
    image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=data)
    return _event(file.stat().st_mtime, 0, [Summary.Value(tag=file.stem, image=image)])


def _records(events: Iterable[Any]) -> bytes:
    """Events as a file holds them, with their checksums."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()
