"""The facts at the top of a page: the space, its axes, the machine, the code, the damage."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sweeper import score
from sweeper.ledger.state import LedgerState
from sweeper.planning.checks import population
from sweeper.planning.configurations.freezing import known_outdated
from sweeper.report.study_status import StudyStatus
from sweeper.space.blocks.parts import every_axis
from sweeper.space.space import Space
from sweeper.study import note
from sweeper.study.study import Study
from sweeper.text import brief, canonical, counted, few, ranges

_FILES = 10
"""How many revisions and files of the code are named."""

Facts = list[tuple[str, str]]
"""Names and what there is to say of them."""

_INTERNAL = ("name", "file", "folder", "scale", "paper_steps", "defaults", "changed")


def space_facts(study: Study) -> Facts:
    """Facts about the space, such as what it trains, its tasks, seeds, steps, score and sampler."""
    space = study.space
    tasks = ", ".join(
        f"{name} ({brief(task.low)} to {brief(task.high)})" for name, task in space.tasks.items()
    )
    facts = [
        ("trains", space.identity),
        ("tasks", f"{tasks}: the scores that count as 0 and 1"),
        ("seeds", _seeds(space)),
        ("steps", _steps(space)),
        ("score", "; ".join(_scores(space))),
        ("chosen by", _sampler(space)),
    ]
    if space.evaluation is not None:
        given = [(k, v) for k, v in space.evaluation.identity().items() if v is not None]
        parts = (f"{k} {v}" if isinstance(v, str) else f"{k} {v:,}" for k, v in given)
        facts.insert(4, ("evaluation", ", ".join(parts)))
    if space.population is not None:
        facts.append(("population", population.summary(space)))
    said = note.read(study.paths) or note.Note()
    asked = [
        ("tags", ", ".join(said.tags)),
        ("note of the study", said.text),
        ("stands for", space.reference),
        ("note", space.note),
        ("scale", space.scale),
        ("changed by hand", ", ".join(space.changed)),
    ]
    return [*((name, text.strip()) for name, text in asked if text), *facts]


def _steps(space: Space) -> str:
    paper = space.paper_steps
    beside = f" of scale paper's {paper:,}" if paper not in (None, space.steps) else ""
    return f"{space.steps_text}{beside} a run"


def _scores(space: Space) -> Iterator[str]:
    for rule, direction in zip(space.scores, space.directions, strict=True):
        average = score.named(rule.aggregate)
        better = {"maximize": "larger", "minimize": "smaller"}[direction]
        yield f"{average} over runs of the normalised {rule.metric} ({rule.at}), {better} is better"
    if space.score.bounds:
        bounds = ", ".join(map(str, space.score.bounds))
        yield f"of the trials that keep {bounds} (their runs' last reports), as far as any does"
    if space.baseline:
        named = ", ".join(f"{name} = {canonical(value)}" for name, value in space.baseline.items())
        yield f"figures count the best run with {named} as 1 on each task, values of trials do not"


def _sampler(space: Space) -> str:
    sampler = space.sampler.told
    if space.trials is not None:
        sampler += f", {counted(space.trials, 'trial')}"
    if space.warm_start:
        sampler += f", which knew trials of {few(list(space.warm_start))}"
    if space.pruner is None:
        return sampler
    how = "promoted" if space.pruner.promote else "pruned"
    return f"{sampler}, {how} by {space.pruner.name}"


def _seeds(space: Space) -> str:
    numbers = ", ".join(map(str, space.rungs))
    rungs = f" in rungs of {numbers}" if numbers else ""
    held_out = f"; held out: {ranges(space.held_out)}" if space.held_out else ""
    return f"{len(space.seeds)}: {ranges(space.seeds)}{rungs}{held_out}"


def axes(study: Study) -> Facts:
    """Each axis, with what figures call it, and its values in the trials so far, or the ends of
    what was drawn.
    """
    found: dict[str, dict[Any, None]] = {name: {} for name in every_axis(study.space)}
    for trial in study.plan.trials:
        for name, label in trial.labels.items():
            found[name][label] = None
    titles = {name: axis.title for name, axis in every_axis(study.space).items()}
    return [
        (f"{name} ({titles[name]})" if titles[name] else name, _values(list(labels)))
        for name, labels in found.items()
    ]


def _values(labels: list[Any]) -> str:
    numeric = all(isinstance(label, int | float) for label in labels)
    if len(labels) <= 12:
        return ", ".join(brief(label) for label in (sorted(labels) if numeric else labels))
    if numeric:
        return f"{len(labels)} values from {brief(min(labels))} to {brief(max(labels))}"
    return few([brief(label) for label in labels], 12)


def resolved(space: Space) -> str:
    """The space as YAML, with scale and overrides in it."""
    data = {key: value for key, value in space.dump().items() if key not in _INTERNAL}
    data["fixed"] = {**known_outdated(space), **data["fixed"]}
    data["axes"] = {**data.pop("searched", {}), **data["axes"]}
    held_out, rungs = data.pop("held_out", None), data.pop("rungs", None)
    if rungs:
        data["seeds"] = {"tune": rungs}
    elif held_out:
        data["seeds"] = {"tune": data["seeds"]}
    if held_out:
        data["seeds"]["test"] = held_out
    for key in ("agent", "function"):
        named = data.get(key)
        if isinstance(named, list):
            data[key] = [name.removeprefix(f"{space.folder}/") for name in named]
        elif named is not None:
            data[key] = named.removeprefix(f"{space.folder}/")
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def machine_facts(study: Study, ledger_state: LedgerState, summary: StudyStatus) -> Facts:
    """When, where and with what code the study ran, and what it left."""
    began = summary.provenance
    machine = began.machine
    facts = [
        ("began", _time(_times(ledger_state, "started"), min)),
        ("last end", _ended(ledger_state)),
    ]
    if machine:
        facts.append(("machine", _machine(machine)))
    hosts = sorted({str(worker.host) for worker in summary.workers if worker.host})
    facts.append(("workers", f"{len(summary.workers)} on {', '.join(hosts) or 'no machine'}"))
    dirty = f"; uncommitted changes in {', '.join(began.dirty)}" if began.dirty else ""
    code = few([f"{name} {revision}" for name, revision in began.code.items()], _FILES)
    facts.append(("code", f"{code or 'not recorded'}{dirty}"))
    if began.mixed:
        facts.append(("mixed code", began.mixed))
    if began.edited:
        facts.append(("changed since", few(began.edited)))
    facts += [("other code", line) for lines in began.other_code.values() for line in lines][:5]
    for task, words in began.tasks.items():
        facts.append((f"task {task}", ", ".join(f"{key} {text}" for key, text in words.items())))
    facts += [(f"source: {key}", text) for key, text in began.source.items()]
    versions = [f"{name} {version}" for name, version in began.packages.items()]
    facts.append(("versions", ", ".join(versions) or f"python {platform.python_version()}"))
    return facts


def _machine(machine: Mapping[str, Any]) -> str:
    words = (machine.get("host"), machine.get("processor"), machine.get("platform"))
    return ", ".join([*filter(None, words), counted(machine.get("cores") or 0, "core")])


def damages(summary: StudyStatus) -> list[str]:
    """What is known to be lost of the study's records."""
    torn = [f"ledger/{one.file}, bytes {one.start} to {one.end}" for one in summary.damaged]
    gone = [f"ledger/{file} is missing" for file in summary.missing]
    return [*torn, *gone, *map(str, summary.unsound)]


def _ended(ledger_state: LedgerState) -> str:
    return _time(_times(ledger_state, "ended"), max)


def _times(ledger_state: LedgerState, name: str) -> list[float]:
    times = (getattr(record, name) for record in ledger_state.runs.values())
    return [moment for moment in times if moment is not None]


def _time(times: list[float], choose: Any) -> str:
    return stamp(choose(times)) if times else "not yet"


def stamp(seconds: float) -> str:
    """A moment as everybody reads it, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
