"""Tasks, seeds and steps of the runs, of which other tools say little or nothing."""

from __future__ import annotations

from shlex import quote

from sweeper.converting.draft import Draft
from sweeper.text import is_number

_STEPS = ("steps", "max_steps", "total_timesteps", "num_steps")
"""What a program calls the steps of a run."""


def add(draft: Draft, task: str, steps: int | None, seed_word: str | None = None) -> None:
    """Sets tasks, seeds and steps, and notes which of them were put in.

    `steps` is what the source says of them; `seed_word` hands a command its seed, without one a
    function is trained.
    """
    draft.set("tasks", {task: {"low": 0, "high": 1}})
    draft.remarks[("tasks", task)] = "the scores that count as 0 and as 1: put in yours"
    ends = f"tasks.{task}.low=N", f"tasks.{task}.high=N"
    draft.put_in(f"tasks.{task}", "0 to 1, the scores that count as 0 and as 1", *map(quote, ends))
    remark, needs = "a configuration is judged by all of them", ""
    if seed_word is not None:
        needs = f'the command needs "{seed_word}", or the program reads SWEEPER_SEED'
        remark = "" if "seed" in draft.names else f"for more {needs}"
    if "seeds" not in draft.keys:
        draft.put_in("seeds", f"1; for more {needs}" if needs else "1", "seeds=N")
    draft.set("seeds", draft.keys.get("seeds", 1), remark)
    who = "function" if seed_word is None else "program"
    of = next((name for name in _STEPS if (_fixed(draft, name) or 0) >= (steps or 1)), None)
    remark = f"the last step that the {who} reports"
    if of is not None:
        steps, remark = _fixed(draft, of), f"the {who}'s {of}: the last step that it reports"
    elif steps is None:
        steps = 1 if seed_word is None else 100
        draft.put_in("steps", f"{steps}, {remark}", "steps=N")
    draft.set("steps", steps, remark)


def _fixed(draft: Draft, name: str) -> int | None:
    """The whole number from 1 that all runs have of a parameter; `None` where it is none."""
    value = draft.keys.get("fixed", {}).get(draft.names.get(name))
    whole = is_number(value) and 1 <= value <= 2**53 and value == int(value)
    return int(value) if whole else None
