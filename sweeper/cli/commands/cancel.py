"""`sweeper cancel`: stops the workers of a study, however they were started, and leaves runs open.

A file in the study's folder tells them; `sweeper run` takes it away again.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from sweeper.cluster import script, slurm
from sweeper.errors import SweeperError
from sweeper.files.atomic import link_first
from sweeper.ledger.state import LedgerState
from sweeper.report import worker_status
from sweeper.study import command_hints
from sweeper.study.study import Cancellation, Study
from sweeper.text import counted
from sweeper.worker.process.heartbeat import exists


def cancel(study: Study) -> Iterator[str]:
    """Cancels the study; says how many jobs and workers were stopped."""
    ledger_state = study.ledger_state(reports=False)
    ended = study.ended_in(ledger_state)
    if not ended:
        _mark(study)
    states = worker_status.worker_states(study, ledger_state).values()
    elsewhere = sum(one.state in ("working", "silent") and not one.here for one in states)
    here = _signal(ledger_state)
    jobs = _cancel_jobs(study, ledger_state)
    stopped = [counted(here, "worker") + " on this machine"] if here else []
    stopped += [counted(elsewhere, "worker") + " elsewhere"] if elsewhere else []
    stopped += [counted(jobs, "Slurm job")] if jobs else []
    if ended:
        yield f"{study.name}: all runs have ended"
    if stopped:
        yield f"{study.name}: stopped {', '.join(stopped)}; workers save their runs and leave"
    else:
        yield f"{study.name}: nothing to stop: no worker is at work, and no job waits"
    if not ended:
        again, about = command_hints.again(study), "goes on"
        if worker_status.on_slurm(study, ledger_state):
            again, about = f"{again} dispatch=slurm", "goes on; with the profile= that it had"
        yield f"  {again}  # {about}"


def _mark(study: Study) -> None:
    study.share_files()
    mark = Cancellation(time.time(), getpass.getuser(), socket.gethostname())
    try:
        link_first(study.paths.cancelled, json.dumps(asdict(mark)).encode())
    except OSError as error:
        raise SweeperError(f"cannot write to {study.folder}: {error.strerror}") from error


def _signal(ledger_state: LedgerState) -> int:
    """Sends SIGTERM to the workers on this machine: they need not wait for their next beat."""
    stopped = 0
    for worker in ledger_state.workers.values():
        header = worker.header
        if not worker.closed and header.command is None and header.pid and exists(header):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(header.pid, signal.SIGTERM)
                stopped += 1
    return stopped


def _cancel_jobs(study: Study, ledger_state: LedgerState) -> int:
    """Cancels the study's jobs, by their name; returns how many there were."""
    if not slurm.installed() or not worker_status.on_slurm(study, ledger_state):
        return 0
    name = script.job_name(study.folder)
    try:
        live = sum(job.live for job in slurm.jobs(name))
        slurm.cancel_named(name)
    except slurm.Unanswered as error:
        raise SweeperError(
            f"Slurm does not answer, so jobs that wait were not cancelled ({error}); workers at "
            "work leave all the same: try sweeper cancel again"
        ) from error
    return live
