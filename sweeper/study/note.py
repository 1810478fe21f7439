"""What people write about a study: a note, and tags by which studies are found."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from sweeper.errors import SweeperError, shown
from sweeper.files.atomic import write_durably
from sweeper.paths import StudyPaths

_TAG = re.compile(r"[^\s,=\"'\x00-\x1f]{1,50}")
_LONGEST = 10_000
_NOTHING = "none"


@dataclass(frozen=True)
class Note:
    """A note, which may be empty, and tags in the order in which they were given."""

    text: str = ""
    tags: tuple[str, ...] = ()

    def changed(self, text: str | None = None, tags: str | None = None) -> Note:
        """The same with another text, or other tags `a,b`; of either `none` takes it away.

        `SweeperError` for what is no text, or no tag.
        """
        if text is not None and (len(text) > _LONGEST or "\x00" in text):
            raise SweeperError(f"text must have at most {_LONGEST:,} characters, none of them NUL")
        found = self.tags if tags is None else tuple(dict.fromkeys(_split(tags)))
        for tag in found:
            if not _TAG.fullmatch(tag):
                raise SweeperError(
                    "tags must be words of at most 50 letters, as in tags=paper,seed-check, "
                    f"but got {shown(tag)}"
                )
        said = self.text if text is None else text.strip()
        return Note("" if text == _NOTHING else said, found)


def _split(tags: str) -> list[str]:
    named = [tag.strip() for tag in tags.strip("[]").split(",") if tag.strip()]
    return [] if named == [_NOTHING] else named


def read(paths: StudyPaths) -> Note | None:
    """What is written about a study; `None` where its file is damaged."""
    try:
        body = json.loads(paths.note.read_bytes())
        text, tags = body["text"], body["tags"]
        whole = isinstance(text, str) and all(isinstance(tag, str) for tag in tags)
        return Note(text, tuple(tags)) if whole else None
    except FileNotFoundError:
        return Note()
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(paths: StudyPaths, note: Note) -> None:
    """Writes what is said about a study; nothing at all removes the file."""
    if note == Note():
        paths.note.unlink(missing_ok=True)
    else:
        write_durably(paths.note, (json.dumps(asdict(note), indent=1) + "\n").encode())
