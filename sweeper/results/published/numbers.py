"""Published numbers, one file a table: what papers print, with what their ± means.

A file is tidy, one row a number, in the words of its source. `study` names the space that re-runs
the number, `our_task` its task there, and further columns are that space's axes with their labels
as the space has them; all of these are empty where no space re-runs it. Of a number over all tasks
`our_task` says how many these are, as in `54 tasks`: it is of the score, in percent.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sweeper.errors import SweeperError

FOLDER = Path(__file__).parent

DOUBTFUL = "doubtful"

_OVER = re.compile(r"(\d+) tasks")

Said = Annotated[str, Field(min_length=1)]
Missing = BeforeValidator(lambda text: None if text == "" else text)
Count = Annotated[Annotated[int, Field(ge=1)] | None, Missing]
Spread = Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, Missing]


class Number(BaseModel):
    """One published number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Said
    """The paper and the table or figure in it."""
    task: str
    """The task as the source calls it; empty where it does not say."""
    setting: Said
    """What was trained, as the source calls it."""
    metric: Said
    """What the number is of, with its unit where that is not the metric's own."""
    at: Literal["", "final", "max"]
    """Which point of a learning curve it is, if any."""
    statistic: Literal["mean", "median", "iqm"]
    """What the runs became."""
    value: Annotated[float, Field(allow_inf_nan=False)]
    spread: Spread
    """What stands behind the ±."""
    spread_kind: Literal["standard error", "standard deviation", "unknown", "none"]
    """What the ± means; `none` where the source prints no ±."""
    seeds: Count
    """Over how many runs, where the source says."""
    steps: Count
    """Environment steps of a run, where the source says."""
    note: str
    """What else must be known; of a number that is hardly right it begins with `DOUBTFUL`."""
    study: str
    """The space that re-runs it."""
    our_task: str
    """The task in that space, or how many tasks the number is over."""
    axes: dict[str, str]
    """That space's axes with the labels of the trial that re-runs it."""

    @model_validator(mode="after")
    def _consistent(self) -> Number:
        if (self.spread is None) != (self.spread_kind == "none"):
            raise ValueError("spread and spread_kind must both say whether there is a spread")
        if bool(self.study) != bool(self.our_task) or bool(self.study) != bool(self.axes):
            raise ValueError("study, our_task and axes must all be given or all be empty")
        return self


@cache
def all_numbers() -> tuple[Number, ...]:
    """All published numbers there are, in the order of the files' names and lines."""
    return tuple(number for file in files() for number in read(file))


def files() -> list[Path]:
    """The files of numbers, sorted."""
    return sorted(FOLDER.glob("*.csv"))


def read(file: Path) -> Iterator[Number]:
    """The numbers in `file`; `SweeperError` with file and line for one that is not valid."""
    fixed = [name for name in Number.model_fields if name != "axes"]
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        for row in rows:
            axes = {name: label for name, label in row.items() if name not in fixed and label}
            own = {name: row[name] for name in fixed if name in row}
            try:
                yield Number.model_validate({**own, "axes": axes})
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"])) or "row"
                raise SweeperError(f"{file}:{rows.line_num}: {where}: {first['msg']}") from error


def tasks_over(our_task: str) -> int | None:
    """Over how many tasks a number is; `None` of one task's."""
    found = _OVER.fullmatch(our_task)
    return int(found[1]) if found else None


def studies() -> list[str]:
    """The spaces that re-run published numbers, sorted."""
    return sorted({number.study for number in all_numbers() if number.study})


def of_space(space: str) -> pd.DataFrame:
    """The numbers that the space called `space` re-runs: a column a field, and one an axis."""
    own = [number for number in all_numbers() if number.study == space]
    rows = [{**number.model_dump(exclude={"axes"}), **number.axes} for number in own]
    table = pd.DataFrame(rows, columns=None if rows else list(Number.model_fields))
    return table.astype(dict.fromkeys(("value", "spread", "seeds", "steps"), float))
