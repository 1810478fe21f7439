"""Conditions on the runs of a study: `optimizer.lr=1e-5..1e-3,task=minatar/breakout`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from sweeper.errors import NothingToShow, SweeperError, choices, listed, shown
from sweeper.space.axes import _labels
from sweeper.space.axes._labels import ABSENT, label_of
from sweeper.space.blocks.block import BLOCK
from sweeper.space.blocks.parts import every_axis, named_parts, parts
from sweeper.study.study import Study
from sweeper.text import brief, canonical, is_number, united

Mask = npt.NDArray[np.bool_]

_MANY = 12


@dataclass(frozen=True)
class Known:
    """What a condition may be about: its values, and which of them each planned run has."""

    name: str
    title: str
    labels: tuple[Any, ...]
    """Each once; `None` where it is inactive."""
    codes: npt.NDArray[np.int_]
    """The place among `labels` of the label of each planned run."""

    @property
    def numbers(self) -> list[float]:
        """Its values, ascending, if all but null are numbers."""
        return _labels.numbers(self.labels)

    @property
    def texts(self) -> list[str]:
        """Its values as they may be written."""
        numbers = self.numbers
        others = [
            one for one in self.labels if one is not None and not (numbers and is_number(one))
        ]
        plain = [*map(brief, numbers), *map(canonical, others)]
        return [*plain, ABSENT] if None in self.labels else plain

    def places(self, text: str) -> set[int] | None:
        """The places of the labels that a value or a range chooses; `None` where it is neither."""
        return _labels.places(self.labels, text)


@dataclass(frozen=True)
class Condition:
    """The values of one axis or parameter that a part of a study has."""

    known: Known
    texts: tuple[str, ...]
    places: frozenset[int]

    @property
    def mask(self) -> Mask:
        """Which planned runs [runs] fulfil it."""
        return np.isin(self.known.codes, sorted(self.places))

    def __str__(self) -> str:
        """The condition as captions have it."""
        return f"{self.known.title} = {', '.join(self.texts)}"


class _Plan:
    """What conditions may be about in a study, each looked up once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.axes = every_axis(study.space)
        self._found: dict[str, Known] = {}

    @property
    def names(self) -> list[str]:
        """Axes, tasks, seeds, trials and the parameters that formulas and tasks set."""
        space = self.study.space
        by_task = [name for params in space.by_task.values() for name in params]
        derived = [name for one in parts(space) for name in one.derived]
        return list(dict.fromkeys([*self.axes, "task", "seed", "trial", *derived, *by_task]))

    def knows(self, name: str) -> bool:
        """Whether a condition may be about `name`: also a parameter that another one sets."""
        runs = self.study.plan.runs
        known = name in self._found or name in self.names
        return known or (bool(name) and any(name in run.params for run in runs))

    def __getitem__(self, name: str) -> Known:
        if name not in self._found:
            self._found[name] = self._known(name)
        return self._found[name]

    def _known(self, name: str) -> Known:
        plan, axes = self.study.plan, self.axes
        trial = np.fromiter((run.trial for run in plan.runs), int, len(plan.runs))
        if name in axes:
            labels, codes = _coded(self._with_fixed(name, plan.labels(name)))
            return Known(name, axes[name].title or name, labels, codes[trial])
        if name == "trial":
            return Known(name, name, tuple(range(len(plan.trials))), trial)
        if name in ("task", "seed"):
            labels, codes = _coded([getattr(run, name) for run in plan.runs])
        else:
            values = [
                label_of(run.params[name]) if name in run.params else None for run in plan.runs
            ]
            labels, codes = _coded(united(values))
        return Known(name, name, labels, codes)

    def _with_fixed(self, axis: str, labels: list[Any]) -> list[Any]:
        """The labels of an axis by trial, with what blocks fix that do not have the axis."""
        space = self.study.space
        blocks = {name: one.fixed for name, one in named_parts(space) if axis not in one.axes}
        fixed: dict[Any, Any] = {
            name: label_of(one[axis]) for name, one in blocks.items() if axis in one
        }
        if not fixed or not space.blocks:
            return labels
        pairs = zip(self.study.plan.trials, labels, strict=True)
        return united([fixed.get(trial.labels[BLOCK], label) for trial, label in pairs])

    def compares(self, text: str) -> bool:
        """Whether `text` is a condition as other languages write it, on what there is."""
        other = _labels.compared(text)
        return other is not None and self.knows(other[0])

    def refuse(self, text: str) -> NoReturn:
        """Raises `SweeperError` for a condition on what no run has, or of no form that there is."""
        other = _labels.compared(text)
        if other is not None:
            raise SweeperError(other[1])
        name = text.partition("=")[0].strip()
        if self.knows(name):
            raise SweeperError(
                f"where needs a value of {name}, or a range, as in {name}={_labels.RANGE}"
            )
        valid = self.names
        ends = [known for known in valid if known.endswith(f".{name}")]
        meant = f" (did you mean {shown(ends[0])}?); valid: {listed(name, valid)}" if ends else ""
        raise SweeperError(
            f"where: {shown(name)} is no axis or parameter of {self.study.name}"
            f"{meant or choices(name, valid)}"
        )


def conditions(study: Study, words: Sequence[str]) -> list[Condition]:
    """What `words` say of the runs of `study`; all of it must hold of a run.

    Commas separate conditions, and the values of one; a value that holds commas itself is
    recognised. Raises `SweeperError` for a name that there is not, `NothingToShow` for a value.
    """
    plan, found = _Plan(study), dict[str, Condition]()
    for word in words:
        for name, texts in _parts(plan, word.split(",")):
            if name in found:
                both = ",".join([*found[name].texts, *texts])
                raise SweeperError(f"where names {name} twice; give it once: {name}={both}")
            places = [_places(study, plan[name], text) for text in texts]
            found[name] = Condition(plan[name], tuple(texts), frozenset().union(*places))
    return list(found.values())


def chosen(study: Study, found: Sequence[Condition]) -> Mask:
    """Which planned runs [runs] fulfil all conditions; `NothingToShow` where none does."""
    masks = [one.mask for one in found]
    mask: Mask = np.logical_and.reduce(masks) if masks else np.ones(len(study.plan.runs), bool)
    if mask.any():
        return mask
    said = " and ".join(map(_word, found))
    raise NothingToShow(f"no run of {study.name} has {said}; {'; '.join(_there(found, masks))}")


def _there(found: Sequence[Condition], masks: Sequence[Mask]) -> Iterator[str]:
    """What there is in the place of conditions that no run fulfils together, of each in turn."""
    nothing = True
    for place, one in enumerate(found):
        others = [other for at, other in enumerate(masks) if at != place]
        codes = one.known.codes[np.logical_and.reduce(others)] if others else one.known.codes
        if not len(codes):
            continue
        nothing = False
        left = replace(one.known, labels=tuple(one.known.labels[p] for p in np.unique(codes)))
        beside = [_word(other) for at, other in enumerate(found) if at != place]
        where = f" where {' and '.join(beside)}" if beside else ""
        yield f"there is {one.known.name}={listed(one.texts[0], left.texts)}{where}"
    if nothing:
        yield "nor has any all of them but one"


def _word(condition: Condition) -> str:
    """The condition as it is written."""
    return f"{condition.known.name}={','.join(condition.texts)}"


def _parts(plan: _Plan, pieces: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Names, each with the texts of its values: of each the longest that is a value."""
    name, texts, at = "", list[str](), 0
    while at < len(pieces):
        for end in range(len(pieces), at, -1):
            text = ",".join(pieces[at:end]).strip()
            before, equals, after = (part.strip() for part in text.partition("="))
            if name and plan[name].places(text) is not None:
                texts.append(text)
                break
            named = bool(equals) and plan.knows(before) and not plan.compares(text)
            if named and (end == at + 1 or plan[before].places(after) is not None):
                if name:
                    yield name, texts
                name, texts = before, [after]
                break
        else:
            if equals or not name or plan.compares(text):
                plan.refuse(text)
            texts.append(text)
        at = end
    yield name, texts


def _coded(values: Sequence[Any]) -> tuple[tuple[Any, ...], npt.NDArray[np.int_]]:
    """The distinct values in their order, and the place of each of `values` among them."""
    number: dict[tuple[bool, Any], int] = {}
    codes = [number.setdefault((isinstance(one, bool), one), len(number)) for one in values]
    return tuple(value for _, value in number), np.array(codes, int)


def _places(study: Study, known: Known, text: str) -> set[int]:
    """The places that a text chooses.

    `SweeperError` where it is no range that there may be, `NothingToShow` for a value that no run
    has.
    """
    found, ends = known.places(text), _labels.ends(text)
    if not found and ends is not None and ends[0] > ends[1]:
        low, high = (part.strip() for part in text.split(".."))
        raise SweeperError(
            f"where: ranges are low..high, but {known.name}={text} goes down; write "
            f"{known.name}={high}..{low}"
        )
    if found is not None:
        return found
    if ".." in text and ends is not None:
        raise SweeperError(
            f"where: {known.name}={text} is a range, but {known.name} has texts: "
            f"{listed(text, known.texts)}"
        )
    hint = ""
    if len(known.numbers) > _MANY:
        low, high = (brief(known.numbers[place]) for place in (0, -1))
        hint = f" (or a range within {low}..{high})"
    raise NothingToShow(
        f"where: {known.name} of {study.name} is never {shown(text)}"
        f"{choices(text, known.texts)}{hint}"
    )
