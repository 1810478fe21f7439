"""Takes out of a space's data what is wrong with it, so that the rest can be checked as well."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sweeper.errors import Invalid, Path
from sweeper.planning.mistakes import stand_ins
from sweeper.planning.mistakes.gone import Gone
from sweeper.planning.mistakes.placement import takes_any
from sweeper.space.keys.validators import TRAINED
from sweeper.trainable.contract import Trainable, defaults_of

_STAND_INS: Mapping[str, Any] = {
    "study": "unnamed",
    "seeds": 1,
    "steps": 2**53,
    "evaluation": {"every": 1, "episodes": 1},
}
"""Values of keys that a space needs, for those whose own are wrong or missing."""

_IF_NEEDED: Mapping[str, Any] = {"trials": 1}
"""Values of keys that only some spaces need."""

_OF_TRAINED = (*TRAINED, "evaluation", "checkpoint")
"""Keys whose checks ask what is trained."""

_OF_USER = ("by_task", "baseline")
"""Keys whose parts are called as the user likes."""

_ONE_OF_TWO = "must go, as the space has"
"""How a mistake begins about a key that stands beside one in whose place it could stand."""

_BESIDE = (("default",), ("title",))
"""Keys of an axis that change none of its values."""

_BY_NAME = ("axes", "fixed", "by_task", "tasks", "derived")
"""Keys whose parts can go one by one."""


class Repair:
    """The data of a space without what was found to be wrong."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: dict[str, Any] = copy.deepcopy(dict(data))
        self._gone = Gone()
        self._blocks = _listed_names(self.data.get("blocks"))
        """The names of blocks that are a list."""
        self._defaults: Mapping[str, Any] = {}
        """Those of the parameters of what is trained, once it is known."""
        self._replaced: set[str] = set()
        """The axes in whose place others were put by the last call of `without`."""
        self._left: dict[Path, list[int]] = {}
        """For a list that lacks items the positions that the others had."""

    def original(self, error: Invalid) -> Invalid:
        """The mistake, its path being that in the data before anything was taken out."""
        path = list(error.path)
        if self._gone.of_stand_in(error.path):
            path = path[:2]
        if path[0:1] == ["blocks"] and path[1:] and path[1] in self._blocks:
            path[1] = self._blocks.index(path[1])
        for length in range(len(path)):
            left = self._left.get(error.path[:length])
            if left is not None and isinstance(path[length], int):
                path[length] = left[int(path[length])]
        return Invalid(stand_ins.LABEL.sub("", error.message), tuple(path))

    def follows(self, error: Invalid) -> bool:
        """Whether a mistake may be there only because of what was taken out."""
        return self._gone.explains(error, self.data)

    def without(self, mistakes: Iterable[Invalid], trainable: Trainable | None) -> bool:
        """Takes out what the mistakes are about; returns whether anything was.

        Their paths are those that `original` gives.
        """
        before = copy.deepcopy(self.data)
        mistakes = list(mistakes)
        self._defaults = defaults_of(getattr(trainable, "parameters", {}))
        self._replaced.clear()
        if any(_is_of_trained(error) for error in mistakes):
            self._train_anything()
        for error in mistakes:
            told = (error.path[:2], error.message)
            if error.message.startswith("is an unknown key"):
                self._gone.unknown.add(error.path)
            path = error.path[:2] if told in self._gone.known else error.path
            self._take_out(path, error.message)
            self._gone.known.add(told)
        self._complete(trainable)
        return self.data != before

    def _train_anything(self) -> None:
        """Puts a program, which takes parameters and tasks of any name, in the place of what is
        trained.
        """
        names_any = self.data.get("agent") is None and takes_any(self.data)
        for key in _OF_TRAINED:
            if key != "agent" or not names_any:
                self._gone.replaced.add(key)
            self.data.pop(key, None)
        if self.data.pop("population", None) is not None:
            self._gone.replaced.add("population")
        self.data["command"] = ["python"]

    def _take_out(self, path: Path, message: str) -> None:
        """Takes out what is wrong at `path`, or fills in what `message` says is needed there."""
        if not path:
            needed = re.match(r"needs the key '(\w+)'", message)
            if needed and needed[1] in _IF_NEEDED:
                self._gone.replaced.add(needed[1])
                self.data[needed[1]] = _IF_NEEDED[needed[1]]
            return
        if path[2:] not in _BESIDE:
            self._gone.parts.add(path)
        top, path = str(path[0]), self._whole_value(path)
        held = self.data.get(top)
        if path[0] == "blocks" and path[1:] and isinstance(held, list):
            self._take_out_of_block(path, held)
            return
        if len(path) > 1 and isinstance(held, dict) and top in _BY_NAME:
            self._take_out_part(top, path, held, message)
        elif top == "figures" and len(path) > 1 and isinstance(held, list):
            self._take_out_option(path, held)
        elif top == "command":
            self._take_out_word(path, held)
        elif top == "score" and isinstance(held, list) and path[1:2] > (0,):
            self._take_out_score(path, held)
        elif top == "constraints" and len(path) > 1 and isinstance(held, list):
            held[int(path[1])] = f"{path[1]} == {path[1]}"
        elif top == "zip" and len(path) > 1 and isinstance(held, list):
            self._take_out_item(path[:1], held, int(path[1]))
        elif len(path) > 1 and isinstance(held, dict) and path[1] in held:
            self._take_out_deepest(path, held)
            if not held:
                self._replace(top)
        else:
            self._replace(top)

    def _whole_value(self, path: Path) -> Path:
        """The path of the value of an axis, where `path` leads into one with a label; else `path`.

        The label will be gone.
        """
        start = 2 if path[0] == "blocks" else 0
        inside = path[start:]
        if inside[:1] != ("axes",) or inside[2:3] != ("values",) or len(inside) < 4:
            return path
        if isinstance(inside[3], str):
            self._gone.labels.add((str(inside[1]), inside[3]))
        return path[: start + 4]

    def _take_out_of_block(self, path: Path, held: list[Any]) -> None:
        """Takes a part out of one of the blocks in a list, or all of that block."""
        block = held[int(path[1])]
        if isinstance(block, dict) and len(path) > 2:
            self._take_out_deepest(path[1:], block)
            return
        held[int(path[1])] = {}

    def _take_out_part(self, top: str, path: Path, held: dict[str, Any], message: str) -> None:
        """Takes out of a mapping by name what is wrong under one of the names, or all under it."""
        name = str(path[1])
        if top == "tasks" and len(path) > 2 and name in held:
            held[name] = {"low": 0, "high": 1}
        elif top == "by_task":
            self._take_out_deepest(path, held)
        elif top == "axes":
            self._take_out_of_axis(path, held, message)
        else:
            self._gone.touched.add(name)
            held.pop(name, None)

    def _take_out_of_axis(self, path: Path, axes: dict[str, Any], message: str) -> None:
        """Takes out of an axis what it can do without; else another axis takes its place.

        That one has the parameter's default, as soon as it is known, or goes as well.
        """
        name = str(path[1])
        if self._take_out_value(path) or name in self._replaced or name not in axes:
            return
        self._gone.touched.add(name)
        axis = axes.pop(name)
        if message.startswith("is no "):
            return
        self._replaced.add(name)
        if name not in self._gone.stand_ins:
            self._gone.stand_ins.add(name)
            axes[name] = stand_ins.instead(axis, path[2:3])
            return
        sure = stand_ins.of_value(axis, self._defaults.get(name, 0))
        if sure != axis:
            axes[name] = sure

    def _take_out_deepest(self, path: Path, held: dict[Any, Any]) -> None:
        """Takes out the innermost key on a path below `held` that is there."""
        last = path[1]
        for part in path[2:]:
            inner = held.get(last)
            if not isinstance(inner, dict) or part not in inner:
                break
            held, last = inner, part
        if len(path) == 2 and path not in self._gone.unknown and path[0] not in _OF_USER:
            self._gone.keys.add(str(last))
        held.pop(last, None)

    def _take_out_word(self, path: Path, held: Any) -> None:
        """Takes one word out of a command, or all of it."""
        if isinstance(held, list) and len(path) > 1:
            if int(path[1]) < len(held):
                held[int(path[1])] = "-" if path[1] else "python"
            return
        self._gone.replaced.add("command")
        self.data["command"] = ["python"]

    def _take_out_option(self, path: Path, figures: list[Any]) -> None:
        """Takes one option out of a figure; another one takes the place of a figure without it."""
        place, figure = int(path[1]), figures[int(path[1])]
        options = figure.get(path[2]) if path[3:] and isinstance(figure, dict) else None
        if isinstance(options, dict) and path[3] in options:
            del options[path[3]]
        else:
            figures[place] = "curves"

    def _take_out_score(self, path: Path, held: list[Any]) -> None:
        """Takes one key out of a further score, or its ends where they are wrong; or all of it.

        An unknown metric becomes that of the first score.
        """
        place = int(path[1])
        score = held[self._left.get(path[:1], range(len(held))).index(place)]
        gone = set(path[2:3]) or {"low", "high"}
        if not isinstance(score, dict) or gone.isdisjoint(score):
            self._take_out_item(path[:1], held, place)
            return
        if "metric" in gone and isinstance(held[0], dict):
            gone = set()
            score["metric"] = held[0].get("metric")
        for key in gone:
            score.pop(key, None)

    def _take_out_item(self, path: Path, held: list[Any], place: int) -> None:
        """Takes out of the list at `path` the item that had the position `place`."""
        left = self._left.setdefault(path, list(range(len(held))))
        if place in left:
            held.pop(left.index(place))
            left.remove(place)

    def _take_out_value(self, path: Path) -> bool:
        """Takes one key or value out of an axis; whether the axis can do without."""
        axis = self.data["axes"].get(path[1])
        if not isinstance(axis, dict) or len(path) < 3 or path[2] not in axis:
            return False
        if len(path) == 3 and (path[2:] in _BESIDE or path in self._gone.unknown):
            del axis[path[2]]
            return True
        held = axis[path[2]] if len(path) > 3 else None
        if isinstance(held, dict):
            held.pop(path[3], None)
        elif isinstance(held, list) and isinstance(path[3], int):
            self._take_out_item(path[:3], held, path[3])
        return bool(held)

    def _replace(self, top: str) -> None:
        self._gone.replaced.add(top)
        self._gone.keys.add(top)
        held = self.data.pop(top, None)
        if top == "axes":
            self._gone.unnamed = not isinstance(held, dict)
            self._gone.touched |= (
                {str(name) for name in held or ()} if isinstance(held, dict) else set()
            )
        if top == "study":
            self.data["name"] = _STAND_INS["study"]

    def _complete(self, trainable: Trainable | None) -> None:
        """Fills in what a space needs."""
        for key, value in _STAND_INS.items():
            unused = key == "evaluation" and self.data.get("agent") is None
            if self.data.get(key) is None and not unused:
                self._gone.replaced.add(key)
                self.data[key] = copy.deepcopy(value)
        if self.data.get("score") is None:
            self._gone.replaced.add("score")
            metrics = trainable.metrics if trainable is not None else ()
            self.data["score"] = {"metric": next(iter(metrics), "unknown")}
        if any(path[0] == "axes" for path in self._gone.parts) and not self.data.get("axes"):
            self._gone.replaced.add("axes")
        if not self.data.get("tasks"):
            self._gone.replaced.add("tasks")
            names = trainable.tasks() if trainable is not None else ()
            self._gone.stand_in = self._nearest([*names] or ["unknown"])
            self.data["tasks"] = {self._gone.stand_in: {"low": 0, "high": 1}}

    def _nearest(self, names: list[str]) -> str:
        """The task of `names` that is most like one that is gone."""
        gone = [str(path[1]) for path in self._gone.parts if path[0] == "tasks" and len(path) > 1]
        near = difflib.get_close_matches(gone[0], names, n=1, cutoff=0.0) if gone else names
        return next(iter(near), names[0])


def _listed_names(blocks: Any) -> list[str]:
    """What the blocks of a list are called, in its order; empty for a mapping."""
    given = (
        [one if isinstance(one, dict) else {} for one in blocks] if isinstance(blocks, list) else []
    )
    return [str(one.get("name") or place + 1) for place, one in enumerate(given)]


def _is_of_trained(error: Invalid) -> bool:
    """Whether a mistake leaves it open what is trained."""
    if not error.path:
        return error.message.startswith("needs one of")
    return error.path[0] in ("agent", "function") or error.message.startswith(_ONE_OF_TWO)
