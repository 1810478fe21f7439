"""Commands that delete and rename studies, and that write about them."""

from __future__ import annotations

import sys

import typer

from sweeper.cli.app import STUDY_OPTIONS, Words, command, parsed, study_of
from sweeper.errors import SweeperError


@command({**STUDY_OPTIONS, "yes": "true: do not ask (default: false)"})
def delete(words: Words = None) -> None:
    """Delete a study and its fresh runs; refused while workers are alive."""
    from sweeper.cli.commands import delete
    from sweeper.report import worker_status
    from sweeper.space.overrides import truth

    options = parsed(words, [*STUDY_OPTIONS, "yes"])
    if "study" not in options:
        raise SweeperError("study= is needed, the study to delete: sweeper studies lists them")
    sure = truth("yes", options)
    studies = delete.condemned(study_of(options))
    for study in studies:
        worker_status.check_idle(study)
    if not sure:
        if not sys.stdin.isatty():
            raise SweeperError("yes=true is needed where nobody can be asked")
        typer.confirm(delete.question(studies), abort=True)
    delete.delete(studies)
    typer.echo(f"deleted {' and '.join(study.name for study in studies)}")


@command({**STUDY_OPTIONS, "to": "the new name"})
def rename(words: Words = None) -> None:
    """Rename a study and its fresh runs; refused while workers are alive."""
    from sweeper.cli.commands import rename

    options = parsed(words, [*STUDY_OPTIONS, "to"])
    for name in ("study", "to"):
        if name not in options:
            raise SweeperError(f"{name}= is needed, as in: sweeper rename study=mine to=other")
    for line in rename.rename(study_of(options), options["to"]):
        typer.echo(line)


NOTE_OPTIONS = {
    **STUDY_OPTIONS,
    "text": "the note, in the place of the one that is there; none takes it away",
    "tags": "words by which studies are found, in the place of the old ones: paper,rerun, or none",
}


@command(NOTE_OPTIONS)
def note(words: Words = None) -> None:
    """Write a note and tags on a study, or show them; status and report do, too."""
    from sweeper.study import note

    options = parsed(words, list(NOTE_OPTIONS))
    writes = {"text", "tags"} & {*options}
    if writes and "study" not in options:
        raise SweeperError("study= is needed, the study to write about")
    study = study_of(options)
    said = note.read(study.paths) or note.Note()
    if writes:
        said = said.changed(options.get("text"), options.get("tags"))
        study.share_files()
        note.write(study.paths, said)
    typer.echo(f"{study.name}: {', '.join(said.tags) or 'no tags'}")
    typer.echo(said.text or "no note")
