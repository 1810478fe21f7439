"""Figures, one file each: the file name is the command.

Each defines `draw(data, *, <options>) -> Picture`; its keyword-only parameters are the options that
the figure takes, and `at`, which `data` has followed already. Files without `draw` are shared
parts.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper import lookup
from sweeper.errors import Invalid, NothingToShow, SweeperError, choices, dotted, shown
from sweeper.figures import records
from sweeper.files.atomic import check_out, replacing, write_durably
from sweeper.log import log
from sweeper.space import figure_options
from sweeper.space.figure_options import SHARED, WHOLE, takes, takes_several
from sweeper.space.figure_rules import INTERVAL, RULES
from sweeper.study import studies

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sweeper.figures.drawing.frame import Frame
    from sweeper.figures.drawing.picture import Picture
    from sweeper.ledger.state import LedgerState
    from sweeper.results.data import Data
    from sweeper.results.slices.part import Part
    from sweeper.study.study import Study


FORMATS = (".pdf", ".png", ".svg")
"""What a figure may be written as."""

OF_A_STUDY = FORMATS
"""What a study's own figures are written as."""

_PLAIN_FRAME: tuple[tuple[str, Any], ...] = (("caption", True), ("title", ""), ("width", None))

_TEXT_WIDTH = 100
"""The most characters of a line of the text beside a figure."""

_LONGEST_STEM = 150
"""The most characters of a file's name that tell what it was asked for."""

_PLAIN = dict.fromkeys(("Creator", "Date", "Format", "Type"))
"""An SVG says nothing of itself: a figure drawn twice is the same, and names no other host."""


def render(
    study: Study,
    name: str,
    options: Mapping[str, Any],
    out: Path | None = None,
    ledger_state: LedgerState | None = None,
    code: str | None = None,
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[Path]:
    """Draws the figure called `name` of `study` as it stands by `ledger_state`, or by its ledger.

    Returns the files that it wrote.

    Without options it draws what the space's `figures` say of it. PDF, PNG, SVG and the CSV behind
    them go to the study's `figures/`, named after the figure (and its options, where the space does
    not have exactly this one); or, with `out`, a file of one of `FORMATS` and its CSV. Some
    figures have a text, too. A record says of those in `figures/` what they were drawn of. `code`
    is where the figure is found, if not by its name. Each is drawn inside an `around()`.
    `SweeperError` for an unknown figure, option or axis; `NothingToShow` before the first trial is
    planned, and where no run has finished that the figure could show.
    """
    if out is not None:
        check_out(out, FORMATS)
    files: list[Path] = []
    for one in islice(_drawings(study, name, options, ledger_state, code), 1 if out else None):
        targets = [out] if out else [study.paths.figures / (one.stem + form) for form in OF_A_STUDY]
        with around(), one.drawn() as picture:
            drawn = _written(picture, targets, one.frame)
            if targets[0].parent.resolve() == study.paths.figures.resolve():
                names = tuple(file.name for file in drawn)
                edition = records.edition(study, one.ledger_state, one.options)
                state = edition, study.ended_in(one.ledger_state)
                records.write(study.paths, records.Record(name, one.options, names, *state))
            files += drawn
    return files


def picture(study: Study, name: str, options: Mapping[str, Any]) -> Picture:
    """The figure called `name` of `study` as its ledger has it now, as `render` draws it first.

    Nothing is written.
    """
    with next(_drawings(study, name, options)).drawn() as found:
        return found


@dataclass(frozen=True)
class _Drawing:
    """One figure of a study, about to be drawn."""

    name: str
    options: dict[str, Any]
    """All that was asked for, in its one form."""
    ledger_state: LedgerState
    stem: str
    """What its files are called, without an ending."""
    data: Data
    draw: Callable[..., Picture]
    own: Mapping[str, Any]
    """The options that `draw` takes."""
    frame: Frame

    @contextmanager
    def drawn(self) -> Iterator[Picture]:
        """Draws it; what is done with it inside is done in its style."""
        from sweeper.figures.drawing import frame, style, text_layout

        with style.context(), frame.asked(self.frame), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # told below
            found = self.draw(self.data, **self.own)
            frame.below_title(found.figure)
            if boxes := text_layout.lacking(found.figure):
                lacking = "%s: the figures' font lacks %s, boxes stand for such letters"
                log.warning(lacking, self.name, boxes)
            if "point" in found.table and found.table["point"].isna().all():
                self.data.check_scored(self.name)
            yield found


def _drawings(
    study: Study,
    name: str,
    options: Mapping[str, Any],
    ledger_state: LedgerState | None = None,
    code: str | None = None,
) -> Iterator[_Drawing]:
    """The figures called `name` that `options`, or else the space's `figures`, ask for."""
    drawer = lookup.find(__name__, code or name)
    asked = [_checked(code or name, e.options) for e in study.space.drawn if e.name == name]
    wanted = [_checked(code or name, options)] if options or not asked else asked
    if not study.plan.trials:
        raise NothingToShow(f"{name} has nothing to show: no trial of {study.name} is planned yet")
    from sweeper.results.data import Data
    from sweeper.results.slices.joined import joined
    from sweeper.results.verdicts.verdicts import verdicts

    parts = _parts(study, code or name, wanted)
    state = ledger_state or study.ledger_state()
    whole = {study.name: Data.of(study, state)}
    for chosen, own_parts in parts:
        plain = asked == [chosen] or not chosen
        stem = _stem(name) if plain else _stem_of(name, chosen, asked)
        own, common = _split(code or name, chosen)
        at = None if name in WHOLE else own.pop("at", None)
        for other, _ in own_parts[1:]:
            whole[other.name] = whole.get(other.name) or Data.of(other)
        data = joined([part.data(whole[one.name], at) for one, part in own_parts])
        data = data.with_band(common.get("band", INTERVAL))
        data = replace(data, verdicts=lambda: verdicts(study, state))
        yield _Drawing(name, chosen, state, stem, data, drawer, own, _frame(common))


def redraw(
    study: Study, record: records.Record, ledger_state: LedgerState, code: str | None = None
) -> list[Path]:
    """Draws anew what `record` tells of, as `render` does; returns the files that it wrote."""
    pictures = [file for file in record.files if Path(file).suffix in FORMATS]
    out = study.paths.figures / pictures[0] if len(pictures) == 1 else None
    return render(study, record.name, record.options, out, ledger_state, code)


def _written(picture: Picture, files: list[Path], asked: Frame) -> list[Path]:
    """Writes a figure to `files`, and its table and text beside the first; returns all of these."""
    from sweeper.results.export import tidy_tables

    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        _save(picture.figure, file)
    table = files[0].with_suffix(".csv")
    tidy_tables.replace(table, picture.table)
    said = _said(picture, asked)
    if not said:
        return [*files, table]
    text = table.with_suffix(".txt")
    write_durably(text, said.encode())
    return [*files, table, text]


def _said(picture: Picture, asked: Frame) -> str:
    """What stands beside a figure: its text and its whole caption."""
    from sweeper.figures.drawing import text_layout

    limits = f" {asked.said[0].upper()}{asked.said[1:]}." if asked.said else ""
    caption = text_layout.wrapped(f"{picture.caption}{limits}", _TEXT_WIDTH)
    return "".join(f"{part.rstrip()}\n" for part in (f"{picture.text}\n", caption) if part.strip())


def _frame(options: Mapping[str, Any]) -> Frame:
    """The frame that options ask for."""
    from sweeper.figures.drawing.frame import Frame

    limits = [tuple(options[name]) if name in options else None for name in ("xlim", "ylim")]
    caption, title, width = (options.get(name, default) for name, default in _PLAIN_FRAME)
    yscale, runs = options.get("yscale", "linear"), options.get("runs", False)
    return Frame(caption, title, width, limits[0], limits[1], yscale, runs)


def _stem(name: str) -> str:
    return Path(name.rpartition(":")[0]).stem if lookup.is_file(name) else name


def _checked(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a figure, each of which it takes; what all share is in its one form."""
    try:
        checked = figure_options.checked(name, options)
    except Invalid as error:
        raise SweeperError(f"{dotted(error.path)} {error.message}") from error
    valid = takes(name)
    for option in options:
        if option not in valid:
            raise SweeperError(f"{name} has no option {shown(option)}{choices(option, valid)}")
        several = isinstance(options[option], list | tuple)
        if several and option in SHARED and not takes_several(valid[option]):
            raise SweeperError(f"{name} takes one {option}, but got {shown(options[option])}")
    return checked


def _parts(
    study: Study, name: str, wanted: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], list[tuple[Study, Part]]]]:
    """What is wanted, each with its part of the study, and of further ones that it names.

    Of several those whose parts hold a run.
    """
    from sweeper.results.slices.part import Part

    found = []
    for options in wanted:
        common = _split(name, options)[1]
        others = [studies.find(one, study.folder.parent) for one in common.get("study", ())]
        try:
            found.append((options, [(one, Part.of(one, common)) for one in [study, *others]]))
        except NothingToShow as error:
            if len(wanted) == 1:
                raise
            log.warning("%s: %s", name, error)
    return found


def _split(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that the figure's `draw` takes, and those that all figures share."""
    common = figure_options.common(name, options)
    own = {option: value for option, value in options.items() if option not in common}
    return own, {option: options[option] for option in common}


def _stem_of(name: str, chosen: Mapping[str, Any], asked: list[dict[str, Any]]) -> str:
    """The name of a figure's files: what tells it from the others that are asked for.

    That are its options' values, with the options' names where the values alone are those of
    another one, too, or could be those of any option.
    """
    values = _values(chosen)
    if values in [_values(other) for other in asked if other != chosen]:
        pairs = zip(chosen, values, strict=True)
        values = [text if option in RULES else f"{option}_{text}" for option, text in pairs]
    stem = "-".join([_stem(name), *values])
    if len(stem) <= _LONGEST_STEM:
        return stem
    return f"{stem[:_LONGEST_STEM]}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"


def _values(options: Mapping[str, Any]) -> list[str]:
    """The values of options as parts of a file's name."""
    return [
        f"{option}_{_part(value, kept='-')}" if option in RULES else _part(value)
        for option, value in options.items()
    ]


def _part(value: Any, kept: str = "") -> str:
    text = "_".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return re.sub(rf"[^A-Za-z0-9_.{kept}]+", "_", text)


def _save(figure: Figure, file: Path) -> None:
    metadata = _PLAIN if file.suffix == ".svg" else {}
    try:
        with replacing(file) as new:
            figure.savefig(new, format=file.suffix[1:], metadata=metadata)
    except OSError as error:
        raise SweeperError(f"cannot write {file}: {error.strerror}") from error
