"""Errors about users' input, with the rule, the value and the valid choices in the message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

_LONGEST = 60
"""The most characters that a message quotes of a value."""

_LONGEST_NAME = 100
"""The most characters that a message repeats of a name, such as a key or a file."""

_MOST_LISTED = 36

_CALLED_ELSEWHERE: Mapping[str, Sequence[str]] = {
    "low": ("min", "lower", "start", "minimum"),
    "high": ("max", "upper", "stop", "maximum"),
    "from": ("start", "first"),
    "step": ("step_size", "stride", "q"),
    "count": ("num", "n", "points", "size"),
    "kind": ("type", "distribution"),
    "values": ("choices", "options", "grid_values", "value"),
    "mean": ("mu", "loc"),
    "sd": ("sigma", "std", "scale"),
    "when": ("condition", "if"),
    "log": ("log_scale", "log_uniform"),
    "float": (
        *("uniform", "loguniform", "log_uniform", "log_uniform_values", "quniform", "q_uniform"),
        *("qloguniform", "q_log_uniform", "double", "real", "interval", "range"),
    ),
    "int": ("randint", "int_uniform", "qrandint", "lograndint", "integer"),
    "normal": ("gaussian", "q_normal", "randn"),
    "choice": ("categorical", "constant", "bool", "boolean", "grid", "parameter_range"),
    "tpe": ("bayes", "bayesian", "hyperopt", "optuna"),
    "qmc": ("sobol", "halton"),
    "nsgaii": ("nsga2", "nsga-ii"),
    "successivehalving": ("asha", "halving", "sha"),
    "sampler": ("method", "search_alg", "algorithm"),
    "trials": ("run_cap", "n_trials", "num_samples", "max_trials", "samples"),
    "axes": ("parameters", "search_space", "config", "params", "grid", "random"),
    "pruner": ("early_terminate", "scheduler", "stopper"),
    "command": ("program", "script", "executable", "entrypoint"),
    "score": ("objective",),
    "direction": ("goal", "mode"),
    "study": ("project", "experiment_name", "name"),
    "steps": ("n_timesteps", "timesteps", "total_timesteps", "budget"),
    "tasks": ("env", "envs", "environment", "environments", "env_id", "env_name"),
    "seeds": ("seed", "random_seed", "n_seeds", "num_seeds"),
    "min_resource": ("min_iter", "grace_period"),
    "max_resource": ("max_iter", "max_t"),
    "reduction_factor": ("eta",),
    "optimizer.lr": ("learning_rate",),
    "actor.lr": ("learning_rate", "optimizer.lr"),
}
"""By what a thing is called here what other tools call it."""

_HABITS: Mapping[str, Sequence[str]] = {
    word: tuple(name for name, words in _CALLED_ELSEWHERE.items() if word in words)
    for words in _CALLED_ELSEWHERE.values()
    for word in words
}


class SweeperError(Exception):
    """The user's mistake: one message with rule, value, valid choices and place."""

    exit_code = 2


class NothingToShow(SweeperError):
    """Raised where a study has nothing to show yet."""

    exit_code = 1


class Stopped(SweeperError):
    """Raised where a study does not go on, as it has reached one of its limits."""

    exit_code = 1


class Invalid(ValueError):
    """A value breaks a rule; whoever knows the file and line makes a `SweeperError` of it.

    `message` is a predicate (`must be a number, but got 'abc'`) about the value at `path`, which
    is relative to where it was raised. `others` are further mistakes that were found with it.
    """

    def __init__(self, message: str, path: Path = (), others: Iterable[Invalid] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.others = tuple(others)

    def under(self, *prefix: str | int) -> Invalid:
        """The same complaint, seen from further up."""
        others = (other.under(*prefix) for other in self.others)
        return Invalid(self.message, (*prefix, *self.path), others)

    @property
    def each(self) -> tuple[Invalid, ...]:
        """This mistake and those that were found with it, one by one."""
        return (Invalid(self.message, self.path), *(one for o in self.others for one in o.each))


class Mistakes:
    """Collects mistakes, so that one answer tells them all."""

    def __init__(self) -> None:
        self.found: list[Invalid] = []

    @contextmanager
    def under(self, *prefix: str | int) -> Iterator[None]:
        """Notes the `Invalid` that is raised inside, as seen from further up."""
        try:
            yield
        except Invalid as error:
            self.add(error.under(*prefix))

    def add(self, error: Invalid) -> None:
        """Notes a mistake, and those that were found with it."""
        self.found += error.each

    def check(self) -> None:
        """Raises `Invalid` where there is any."""
        if self.found:
            first, *others = self.found
            raise Invalid(first.message, first.path, others)


def habit(word: str, valid: Iterable[str]) -> str | None:
    """The one of `valid` that other tools call `word`; `None` where none is."""
    names = {*valid}
    return next((name for name in _HABITS.get(cut(word).lower(), ()) if name in names), None)


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the closest of `valid`, or nothing where none is close."""
    found = closest(word, valid)
    return "" if found is None else f" (did you mean {shown(found)}?)"


def closest(word: str, valid: Iterable[str]) -> str | None:
    """The one of `valid` that other tools call `word`, or that it is most like, if any is like it.

    Case does not matter. Of several that are as like it, it is the one with most letters in place.
    """
    valid = list(valid)
    known = habit(word, valid)
    if known is not None:
        return known
    lowered = {cut(name).lower(): name for name in valid}
    asked = cut(word).lower()
    close = difflib.get_close_matches(asked, lowered, n=4, cutoff=0.6)

    def likeness(one: str) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, one, asked).ratio()
        return ratio, sum(map(str.__eq__, one, asked))

    best = max(close, key=likeness, default=None)
    return None if best is None else lowered[best]


def choices(word: str, valid: Iterable[str]) -> str:
    """` (did you mean 'x'?); valid: x, y, z`: the whole answer to an unknown name."""
    names = list(valid)
    return f"{did_you_mean(word, names)}; valid: {listed(word, names) or 'none'}"


def listed(word: str, names: Sequence[str]) -> str:
    """`x, y, z`; of more than 36 those nearest to `word`, and how many more there are."""
    short = [cut(name) for name in names]
    if len(short) <= _MOST_LISTED:
        return ", ".join(short)
    nearest = difflib.get_close_matches(cut(word), short, n=_MOST_LISTED, cutoff=0.0)
    return f"{', '.join(nearest)}, and {len(names) - _MOST_LISTED} more"


def shown(value: Any) -> str:
    """A value as messages quote it: as YAML would have it, text in quotes, cut if long."""
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, dict):
        text = "the mapping {" + ", ".join(f"{cut(key)}: …" for key in [*value][:8]) + "}"
    elif isinstance(value, list | tuple):
        inside = ", ".join(shown(item) for item in value[:8])
        text = "the list [" + inside.replace("the list ", "").replace("the mapping ", "") + "]"
    else:
        text = repr(value[: _LONGEST + 1] if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def cut(text: Any, longest: int = _LONGEST_NAME) -> str:
    """What was given, without its middle where it is too long for a line: paths differ at ends."""
    whole = str(text)
    tail = longest // 2
    return whole if len(whole) <= longest else f"{whole[: longest - tail - 1]}…{whole[-tail:]}"


def reason(error: BaseException) -> str:
    """The error's kind and words in one line; its `repr` may quote all of a file."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def dotted(path: Path) -> str:
    """A path as users write it: `axes.optimizer.lr.values[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = cut(part) or repr(part)
            text += f".{name}" if text else name
    return text
