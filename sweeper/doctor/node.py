"""A small test job: whether a node can run workers, and how soon its files are visible here."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeper.cluster import script, slurm
from sweeper.cluster.profile import Profile
from sweeper.cluster.refusals import refused
from sweeper.doctor import pictures, probe
from sweeper.doctor.disk import existing
from sweeper.doctor.finding import Finding
from sweeper.worker.process.heartbeat import STALE_S

_START_S = 60.0
_ASK_S = 3.0
_MINUTES = 5


def checked(profile: Profile, root: Path) -> Iterator[Finding]:
    """Submits the job, waits a minute at most for it to begin, and removes what it left."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".doctor-", dir=existing(root)))
    except OSError:
        return  # nothing can be written there, as the file system's own check has said
    job = ""
    try:
        job = _submit(profile, folder)
        reason = _awaited(job, folder)
        if reason is not None:
            yield reason
            return
        yield from _exchanged(folder)
        probe.await_true((folder / "found").exists, 2 * probe.PATIENCE_S)
        yield from _node(json.loads((folder / "found").read_bytes()), profile)
    except TimeoutError:
        yield Finding(
            "problem",
            f"what job {job} writes is not seen here within {probe.PATIENCE_S:.0f} s; it printed: "
            f"{_printed(folder)}",
            f"put the studies on a file system that nodes share (root= is {root})",
        )
    except slurm.Unanswered as error:
        yield Finding("problem", str(refused(profile, str(error))))
    finally:
        if job:
            slurm.cancel([job])
        shutil.rmtree(folder, ignore_errors=True)


def _submit(profile: Profile, folder: Path) -> str:
    asked = {**profile.parameters, "signal_delay_s": 30, "time": _MINUTES}
    asked.pop("time_min", None)
    short = replace(profile, parameters=asked)
    file = folder / "probe.sbatch"
    (folder / "exclusive").touch()
    words = [str(folder)]
    file.write_text(
        script.text(short, "sweeper-doctor", folder, words, None, module=["sweeper.doctor.probe"])
    )
    return slurm.submit(str(file), profile.env)


def _awaited(job: str, folder: Path) -> Finding | None:
    """Waits until the job has begun; what is wrong, or why it did not begin, where it has not."""
    begin = asked = time.monotonic()
    while not (folder / "here").exists():
        now = time.monotonic()
        if now - asked > _ASK_S:
            asked = now
            known = [one for one in slurm.jobs() if one.id == job]
            if not known or not known[0].live:
                state = known[0].state if known else "gone"
                return Finding(
                    "problem",
                    f"the node cannot run workers: job {job} is {state}; it printed: "
                    f"{_printed(folder)}",
                    "python and sweeper must be importable there (setup: lines of the profile), "
                    "and the studies' folder shared (root=)",
                )
            if now - begin > _START_S:
                why = f"job {job} is {known[0].state} ({known[0].reason}) after a minute"
                return Finding("warning", f"the nodes were not looked at: {why}", "try again later")
        time.sleep(0.05)
    return None


def _exchanged(folder: Path) -> Iterator[Finding]:
    """From a file, and from a line, written here to its answer seen here: there and back."""
    files = []
    for number in range(probe.ROUNDS):
        begin = time.monotonic()
        (folder / f"ping.{number}").touch()
        probe.await_true((folder / f"pong.{number}").exists)
        files.append(time.monotonic() - begin)
    lines = []
    with (folder / "lines").open("a") as pings:
        for number in range(probe.ROUNDS):
            begin = time.monotonic()
            pings.write("ping\n")
            pings.flush()
            os.fsync(pings.fileno())
            probe.await_lines(folder / "answers", number + 1)
            lines.append(time.monotonic() - begin)
    for what, took in (("a new file", max(files)), ("an appended line", max(lines))):
        delay = f"{what} is seen by a node, and its answer here, within {took:.2g} s"
        late = took > STALE_S
        yield Finding("warning" if late else "ok", delay, "mount with a lower actimeo" * late)


def _node(found: dict[str, Any], profile: Profile) -> Iterator[Finding]:
    host = found["host"]
    yield Finding("ok", f"{host} runs sweeper with {found['python']}")
    yield pictures.finding(found["pictures"], host)
    for name, holds in (("O_EXCL", found["exclusive"]), ("link(2)", found["link"])):
        if not holds:
            wrong = f"{name}: {host} could make a file anew that was made here"
            yield Finding("problem", wrong, "put the studies on another file system (root=)")
    if found["torch"] is None:
        yield Finding("problem", f"{host}: torch cannot be imported: {found['error']}")
    elif profile.gpus and not found["gpus"]:
        visible = found["visible"]
        yield Finding(
            "problem",
            f"{host}: torch {found['torch']} sees no GPU (CUDA_VISIBLE_DEVICES="
            f"{'not set' if visible is None else visible})",
            "install a torch with CUDA there, or see whether the job really gets a GPU",
        )
    else:
        yield Finding("ok", f"{host}: torch {found['torch']} sees {found['gpus']} GPUs")


def _printed(folder: Path) -> str:
    """The last lines of what the job printed."""
    logs = sorted(folder.glob("*_log.out"), key=lambda file: file.stat().st_size)
    text = logs[-1].read_text(errors="replace").strip() if logs else ""
    return " / ".join(text.splitlines()[-3:]) or "nothing"
