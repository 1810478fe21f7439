"""What is said where a task's actions are not of the kind that an agent takes."""

from __future__ import annotations

from agents import lookup
from agents.shape import Shape


def misfit(task: str, shape: Shape) -> str:
    """Why an agent cannot play a task whose actions are of the other kind, and which agents can."""
    ours, theirs = ("choices", "numbers") if shape.continuous else ("numbers", "choices")
    known = {name: lookup.find("learners", name) for name in lookup.names("learners")}
    fit = [
        name
        for name, learner in known.items()
        if learner.continuous == shape.continuous and (shape.is_image or not learner.images)
    ]
    said = f"this agent's actions are {ours}, those of {task!r} are {theirs}"
    return f"{said}; agents for these: {', '.join(fit)}"
