"""What may be done with each key of a space."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """What may be done with one key of a space; every field of `Space` has one."""

    given: bool = True
    """A file, a scale or a word of the command line may set it; otherwise loading does."""
    results: bool = False
    """It changes results: spaces that differ in it cannot be one study."""
    grows: bool = False
    """A study may be extended by more of it."""
    naming: bool = False
    """It only says how the space was called and found, which is worth no new version of a study."""
    repeated: bool = False
    """A command that runs one trial again gives it the same value."""
    chooses: bool = False
    """It chooses or compares trials: a space of trials that were chosen already has none of it."""
    by_name: bool = False
    """Its sections stand under the names of tasks, figures, samplers: no table lists their keys."""


CAPTION = Key()
"""What figures say."""
NAMING = Key(naming=True)
"""What the study is called."""
FOUND = Key(given=False, naming=True)
"""Where the space was found."""
RUNS = Key(results=True, repeated=True)
"""How runs are trained and scored."""
TRIALS = Key(results=True, chooses=True)
"""Which trials there are."""
COMPARED = Key(chooses=True)
"""What figures compare trials with."""
WORKERS = Key(repeated=True)
"""How workers treat runs."""
