"""The `#SBATCH` lines of a batch script as the keys of a profile."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeper.cluster.keys import refused
from sweeper.cluster.keys.names import canonical, plain

_DIRECTIVE = re.compile(r"\s*#SBATCH\s+(?P<words>.*)")
_SETUP = re.compile(r"\s*(module|ml|conda|micromamba|source|\.|export|spack)\s")
"""Lines that prepare a job, before its program starts."""


def header(lines: Sequence[str]) -> Iterator[str]:
    """The `#SBATCH` lines of a batch script as the keys of a profile, which has them and its setup.

    What sweeper sets itself is left out.
    """
    for line in lines:
        found = _DIRECTIVE.fullmatch(line)
        words = _words(found["words"]) if found else []
        while words:
            word = words.pop(0)
            key, equals, value = word.partition("=")
            if not word.startswith("--") and len(word) > 2:
                key, equals, value = word[:2], "=", word[2:]
            if not equals and words and not words[0].startswith("-"):
                equals, value = "=", words.pop(0)
            if canonical(key) not in refused.REFUSED:
                yield f"{plain(key)}: {value if equals else 'true'}"
    setup = [line.strip() for line in lines if _SETUP.match(line)]
    if setup:
        yield f"setup: [{', '.join(setup)}]"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def of_file(file: Path) -> list[str]:
    """The keys that a batch script, taken for a profile, would have; none where it is no script."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return []
    return list(header(lines)) if any(_DIRECTIVE.fullmatch(line) for line in lines) else []
