"""What trackers show of a study, read back by what reads their files, and what they should show."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper.ledger.run_record import ENDS
from sweeper.study.study import Study
from sweeper.trackers import mlflow as mlflow_tracker

OWN = {"sweeper/score", "sweeper/value"}
"""What trackers call a run's scores; a metric of that name is shown under another one."""

Number = tuple[str, int, str]
"""A metric, its step, and its value in six digits: some trackers keep single precision."""


@dataclass
class Shown:
    """One run, as a tracker shows it."""

    config: dict[str, str] = field(default_factory=dict)
    numbers: Counter[Number] = field(default_factory=Counter)
    scores: dict[str, str] = field(default_factory=dict)
    state: str = ""
    error: str = ""


def digits(value: float) -> str:
    return f"{float(value):.6g}"


def expected(study: Study, to: str) -> dict[str, Shown]:
    """What a tracker should show of each run that has begun."""
    found = {}
    for id, record in study.ledger_state().runs.items():
        run = study.plan.run(id)
        labels = study.plan.trials[run.trial].labels
        told = {**run.params, **labels, "task": run.task, "seed": run.seed, "trial": run.trial}
        shown = found[id] = Shown({name: text(value) for name, value in told.items()})
        for step, metrics in record.reports:
            for name, value in metrics.items():
                theirs = to == "wandb" and name in ("", "_step", "_timestamp", "_runtime")
                name = f"{name} (reported)" if theirs or name.startswith("sweeper/") else name
                shown.numbers[name, step, digits(value)] += 1
        if record.score is not None:
            shown.scores = {"score": digits(record.score), "value": digits(record.value)}
        ends_only = to == "tensorboard" and record.state not in ENDS
        shown.state = "" if ends_only else record.state
        if record.end is not None:
            shown.error = record.error or ""
        if to == "mlflow":
            shown.config = {mlflow_tracker._name(k): v for k, v in shown.config.items()}
            shown.numbers = Counter(
                {
                    (mlflow_tracker._name(k), s, finite(v)): n
                    for (k, s, v), n in shown.numbers.items()
                }
            )
    return found


def text(value: Any) -> str:
    return digits(value) if isinstance(value, int | float) else str(value)


def finite(value: str) -> str:
    """A database of MLflow's holds the largest number for infinity."""
    largest = digits(1.7976931348623157e308)
    return {"inf": largest, "-inf": f"-{largest}"}.get(value, value)


def shown(study: Study, to: str, out: Path) -> dict[str, Shown]:
    """What a tracker shows; raises where it shows a run twice."""
    read = {"tensorboard": of_tensorboard, "wandb": of_wandb, "mlflow": of_mlflow}[to]
    found: dict[str, Shown] = {}
    for id, run in read(study, out):
        assert id not in found, f"{id} is shown twice"
        found[id] = run
    return found


def of_tensorboard(study: Study, out: Path) -> Iterator[tuple[str, Shown]]:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams import metadata

    for file in sorted(out.rglob("*tfevents*")):
        if file.parent.name == "figures":
            continue
        run, started, ended = Shown(), 0, 0
        for data in RawEventFileLoader(str(file)).Load():
            event = Event.FromString(data)
            for value in event.summary.value:
                content = value.metadata.plugin_data.content
                if value.tag == metadata.SESSION_START_INFO_TAG:
                    info = metadata.parse_session_start_info_plugin_data(content)
                    id, started = info.group_name, started + 1
                    for name, held in info.hparams.items():
                        run.config[name] = text(getattr(held, str(held.WhichOneof("kind"))))
                elif value.tag == metadata.SESSION_END_INFO_TAG:
                    ended += 1
                elif value.tag in OWN and value.HasField("simple_value"):
                    run.scores[value.tag[8:]] = digits(value.simple_value)
                elif value.HasField("simple_value"):
                    run.numbers[value.tag, event.step, digits(value.simple_value)] += 1
                else:
                    said = value.tensor.string_val[0].decode()
                    assert not getattr(run, value.tag[8:])
                    lines = said.splitlines() if value.tag[8:] == "error" else [said]
                    setattr(run, value.tag[8:], "\n".join(line.strip(" ") for line in lines))
        assert (started, ended) == (1, int(run.state != ""))
        yield id, run


def of_wandb(study: Study, out: Path) -> Iterator[tuple[str, Shown]]:
    from wandb.proto import wandb_internal_pb2

    for folder in sorted(out.glob("wandb/offline-run-*")):
        (file,) = folder.glob("*.wandb")
        run, id, left = Shown(), "", None
        for data in records(file.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            if record.HasField("run"):
                id = record.run.run_id.partition("-")[0]
                for one in record.run.config.update:
                    if one.key != "_wandb":
                        run.config[one.key] = text(json.loads(one.value_json))
            if record.HasField("history"):
                items = {
                    ".".join(one.nested_key) or one.key: one.value_json
                    for one in record.history.item
                }
                for name, value in items.items():
                    if name not in ("_timestamp", "_runtime", "_step"):
                        where = name, int(items["_step"]), digits(float(json.loads(value)))
                        run.numbers[where] += 1
            for one in record.summary.update:
                name = one.key or one.nested_key[0]
                if name in ("sweeper/state", "sweeper/error"):
                    setattr(run, name[8:], json.loads(one.value_json))
                elif name in OWN:
                    run.scores[name[8:]] = digits(float(json.loads(one.value_json)))
            if record.HasField("exit"):
                left = record.exit.exit_code
        assert left is not None, f"{folder.name} is not finished"
        if id != "figures":
            assert left == int(run.state in ("nan", "failed", "timeout")), run.state
            yield id, run


def records(data: bytes) -> Iterator[bytes]:
    """The records of a file of W&B's: pieces with a head of seven bytes, in blocks of 32 kB."""
    at, whole = 7, b""
    while at < len(data):
        left = 2**15 - at % 2**15
        if left < 7:
            at += left
            continue
        _, size, kind = struct.unpack("<IHB", data[at : at + 7])
        whole += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):
            yield whole
            whole = b""


def of_mlflow(study: Study, out: Path) -> Iterator[tuple[str, Shown]]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{out.resolve() / 'mlflow.db'}")
    names = {"complete": "FINISHED", "pruned": "KILLED", "running": "RUNNING", "open": "SCHEDULED"}
    experiment = client.get_experiment_by_name(study.name)
    for found in client.search_runs([experiment.experiment_id] if experiment else []):
        run, tags = Shown(), found.data.tags
        if tags["sweeper.run"] == "figures":
            continue
        run.state, run.error = tags["sweeper.state"], tags.get("sweeper.error", "")
        assert found.info.status == names.get(run.state, "FAILED")
        for name, value in found.data.params.items():
            run.config[name] = text(float(value)) if is_number(value) else value
        for name in found.data.metrics:
            for one in client.get_metric_history(found.info.run_id, name):
                if name in OWN:
                    assert name[8:] not in run.scores
                    run.scores[name[8:]] = digits(one.value)
                else:
                    run.numbers[name, one.step, digits(one.value)] += 1
        yield tags["sweeper.run"], run


def is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False
