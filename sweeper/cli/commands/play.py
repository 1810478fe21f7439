"""`sweeper play`: evaluates the weights that are kept of a run again, and films an episode."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sweeper.cli.commands import retry
from sweeper.errors import SweeperError
from sweeper.files import arrays, video
from sweeper.files.atomic import check_out, write_durably
from sweeper.ledger.run_record import ENDS
from sweeper.study import sources
from sweeper.study.study import Study
from sweeper.text import counted, labels_text
from sweeper.trainable import own_files
from sweeper.trainable.abilities import SupportsPlay

SECONDS = 30
"""The length of a video at most, where nobody says."""


def play(
    study: Study,
    name: str,
    *,
    episodes: int | None = None,
    film: bool = True,
    out: Path | None = None,
    seconds: float = SECONDS,
) -> Iterator[str]:
    """Plays with the weights of the run whose id begins with `name`; says what came of it.

    Without `out` the video goes to the study's `videos/<run>.gif`, where the task can be seen.
    `SweeperError` where no weights were kept, or there can be no video `out`.
    """
    if study.space.checkpoint.keep == "none":
        raise SweeperError(
            f"no weights are kept of the runs of {study.name}: checkpoint.keep=final or "
            "checkpoint.keep=best of a space keeps those of runs that end from then on"
        )
    run = study.completed(study.plan.run(retry.find(study, name)))
    file = study.paths.weights / f"{run.id}.npz"
    record = study.ledger_state().record(run.id)
    if not file.exists():
        raise SweeperError(_no_weights(run.id, record.state))
    own_files.tell_strangers(study.space.dump())
    trainable = study.trainable
    if not isinstance(trainable, SupportsPlay):
        raise SweeperError(f"{study.space.identity} has no play(), so its weights cannot be played")
    target, lacks = _target(study, run.id, film=film, out=out)
    step, reported = sources.kept_at(study.space, record.reports)
    labels = study.plan.trials[run.trial].labels
    yield f"run {run.id}: trial {run.trial} ({labels_text(labels)}), {run.task}, seed {run.seed}"
    with tempfile.TemporaryDirectory(prefix="sweeper-play-") as scratch:
        recording = video.Video(Path(scratch) / f"video{target.suffix}", seconds)
        taker = recording.add if film and not lacks else None
        try:
            played = trainable.play(run, arrays.read_kept(file)[0], step, episodes, taker)
        except ValueError as error:
            raise SweeperError(f"the weights of {run.id} cannot be played: {error}") from error
        finally:
            recording.close()
        yield _told(played.returns, step, reported)
        if recording.pictures and played.unseen is None:
            target.parent.mkdir(exist_ok=True)
            write_durably(target, recording.path.read_bytes())
            yield f"video: {target} ({counted(recording.pictures, 'picture')})"
    problem = lacks or played.unseen
    if problem and out is not None:
        raise SweeperError(f"no video of {run.task}: {problem}")
    if problem:
        yield f"no video of {run.task}: {problem}"


def _target(study: Study, run: str, *, film: bool, out: Path | None) -> tuple[Path, str | None]:
    """Where the video goes, and what is missing to make one, if anything.

    `SweeperError` where there can be none `out`.
    """
    target = study.paths.folder / "videos" / f"{run}.gif" if out is None else out
    if out is not None:
        check_out(out, video.ENDINGS)
    elif film and not os.access(study.folder, os.W_OK):
        raise SweeperError(f"{study.folder} is not yours to write: out= names the video's file")
    lacks = video.missing(target.suffix) if film else None
    if lacks and out is not None:
        raise SweeperError(lacks)
    return target, lacks


def _no_weights(run: str, state: str) -> str:
    """Why there are no weights of a run of a study that keeps them."""
    if state not in ENDS:
        return f"no weights are kept of the run {run}, which is {state}: they are once it has ended"
    return (
        f"no weights are kept of the run {run}, which ended as {state}: checkpoint.keep=final "
        "keeps those of runs that trained to their end, best those of runs that were evaluated"
    )


def _told(returns: Sequence[float], step: int, reported: float | None) -> str:
    """The mean of the returns, and what was reported when the weights were kept."""
    mean = float(np.mean(returns))
    said = f"return {mean:.6g} over {counted(len(returns), 'episode')}"
    said += f" ({min(returns):.6g} to {max(returns):.6g})" if len(returns) > 1 else ""
    if reported is None:
        return said
    if mean == reported:
        return f"{said}, as reported at step {step:,}"
    return f"{said}; {reported:.6g} was reported at step {step:,}"
