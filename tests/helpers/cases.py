"""Many cases of one cheap test, tried in a loop: as tests of their own they take most of their time
to be collected, set up and told of."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def each(names: str, cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `pytest.mark.parametrize`, in one test, which tries all cases and names those that fail.

    They share the test's fixtures, a `tmp_path` too.
    """
    given = [name.strip() for name in names.split(",")]
    tried = [(case,) if len(given) == 1 else tuple(case) for case in cases]

    def made(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def loop(**fixtures: Any) -> None:
            failed = []
            for values in tried:
                named = dict(zip(given, values, strict=True))
                try:
                    test(**named, **fixtures)
                except Exception as error:
                    error.add_note(f"of the case {named!r}")
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(tried)} cases failed", failed)

        left = [p for p in inspect.signature(test).parameters.values() if p.name not in given]
        loop.__signature__ = inspect.Signature(left)  # type: ignore[attr-defined]
        assert tried, "nothing is tried"
        return loop

    return made
