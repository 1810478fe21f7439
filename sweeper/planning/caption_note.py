"""The note of a space: those of its sentences that still hold after a scale and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.errors import Invalid, Mistakes, choices, shown
from sweeper.schema.rules import each, items, text
from sweeper.space.overrides import KEYS, Override, touches, value_at
from sweeper.space.space import keys

SHAPING = tuple(
    key for key in keys(lambda key: key.results) if key not in ("seeds", "trials", "invalid")
)
"""The keys by which a word changes what is trained, or how it is scored, and not how often."""


@dataclass(frozen=True)
class Sentence:
    """A part of a note, and the keys that it speaks of: none means all of `SHAPING`."""

    text: str
    about: tuple[str, ...] = ()


def held(
    file: Mapping[str, Any], scaled: Mapping[str, Any], words: Sequence[Override]
) -> str | None:
    """The note of `scaled` without the sentences about keys that `words` change.

    `file` is the space before its scale, which may also change what the file's own note speaks of.
    A word that gives a note keeps it.
    """
    given = next((word.value for word in words if word.key == "note"), scaled.get("note"))
    if given is None:
        return None
    by_word = any(word.key == "note" for word in words)
    own = file if given == file.get("note") else scaled
    kept = [
        sentence.text
        for sentence in _sentences(given, [file, scaled])
        if by_word or not _changed(sentence, own, scaled, words)
    ]
    return _joined(kept)


def plain(note: Any) -> str:
    """All that a note of a file says, whatever changes later."""
    parts = note if isinstance(note, list | tuple) else [note] if note else []
    said = [part.get("text", "") if isinstance(part, dict) else part for part in parts]
    return _joined([str(text) for text in said if text]) or ""


def by_hand(words: Sequence[Override]) -> tuple[str, ...]:
    """Those of `words` that change what is trained or how it is scored, as they were given."""
    found = [word for word in words if word.key.split(".")[0] in SHAPING]
    return tuple(word.places.get((), word.key) for word in found)


def _changed(
    sentence: Sentence,
    own: Mapping[str, Any],
    scaled: Mapping[str, Any],
    words: Sequence[Override],
) -> bool:
    """Whether the scale or one of `words` gives something that `sentence` speaks of a new value."""
    by_scale = any(value_at(own, key) != value_at(scaled, key) for key in sentence.about)
    about = sentence.about or SHAPING
    return by_scale or any(
        touches(word.key, key) and value_at(scaled, word.key) != word.value
        for word in words
        for key in about
    )


def _sentences(note: Any, known: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    try:
        if isinstance(note, list | tuple):
            return each(lambda part: _sentence(part, known), note)
        return [_sentence(note, known)]
    except Invalid as error:
        raise error.under("note") from None


def _sentence(part: Any, known: Sequence[Mapping[str, Any]]) -> Sentence:
    if not isinstance(part, dict):
        return Sentence(text(part))
    if set(part) != {"text", "about"}:
        form = "{text: …, about: [keys that it speaks of]}"
        raise Invalid(f"must be text, or {form}, but got {shown(part)}")
    said, about, mistakes = "", list[str](), Mistakes()
    with mistakes.under("text"):
        said = text(part["text"])
    with mistakes.under("about"):
        about = each(lambda key: _key(key, known), items(part["about"]))
    mistakes.check()
    return Sentence(said, tuple(about))


def _key(key: Any, known: Sequence[Mapping[str, Any]]) -> str:
    name = text(key)
    if name.split(".")[0] not in KEYS:
        raise Invalid(f"names {shown(name)}, which is no key of a space{choices(name, KEYS)}")
    if all(value_at(data, name) is None for data in known):
        raise Invalid(f"names {shown(name)}, which neither the space nor its scale sets")
    return name


def _joined(sentences: Sequence[str]) -> str | None:
    """Sentences behind each other, each with a capital and a full stop between them."""
    said = [one.strip().rstrip(".") for one in sentences]
    if len(said) < 2:
        return sentences[0] if sentences else None
    return ". ".join(one[0].upper() + one[1:] for one in said)
