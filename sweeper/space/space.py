"""A space: what to search, over which tasks and seeds, how long, how scored.

`sweeper.planning.loading` makes one of a YAML file. It is frozen into its study with `dump` and
read back with `parse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from sweeper.errors import Invalid, Mistakes, shown
from sweeper.schema import document as documents
from sweeper.schema.base_model import Section, validated
from sweeper.schema.rules import Name, Positive, Text, one_of
from sweeper.schema.template import command_rule, quoted
from sweeper.space.blocks.block import BLOCK, Block, blocks_rule
from sweeper.space.claims.claim import Claim, claims_rule
from sweeper.space.keys.axes_rule import Context, axes_rule
from sweeper.space.keys.marks import (
    CAPTION,
    COMPARED,
    FOUND,
    NAMING,
    RUNS,
    TRIALS,
    WORKERS,
    Key,
)
from sweeper.space.keys.population import Population, described
from sweeper.space.keys.short_forms import written_out
from sweeper.space.keys.validators import (
    TRAINED,
    agent_rule,
    by_task_rule,
    constraints_rule,
    derived_rule,
    enqueue_rule,
    figures_rule,
    fixed_rule,
    score_rule,
    seeds_rule,
    tasks_rule,
    warm_start_rule,
    zip_rule,
)
from sweeper.space.samplers import Pruner, Sampler, pruner_rule, sampler_rule
from sweeper.space.sections import (
    Checkpoint,
    Direction,
    Evaluation,
    Figure,
    Limits,
    Objective,
    Score,
    Task,
)

DEFAULT_SCALE = "laptop"
_AGENT = ("axes", "agent")
PAPER_SCALE = "paper"


class Space(Section):
    """A space, resolved: one scale, no overrides left; immutable."""

    study: Annotated[Name, NAMING]
    """What the study is called, as in `study: minatar_adam_sn`."""
    reference: Annotated[Text | None, CAPTION] = None
    """What the experiment stands for or repeats: a paper, a figure."""
    note: Annotated[Text | None, CAPTION] = None
    """A caption for the figures: what a reader must know to read them. A list of sentences, each a
    text or what it speaks of: `note: [{text: a short run, about: [steps]}]`. A sentence goes when a
    later scale or word changes a key in its `about`, or without that when a word changes anything
    about runs or scores but seeds and trials. Where there is a scale `paper`, its steps stand
    beside the note."""
    agent: Annotated[str | tuple[str, ...] | None, BeforeValidator(agent_rule), RUNS] = None
    """The agent to train, as in `agent: dqn`; or `path/file.py:Name` of your own. Several, as in
    `agent: [td3, sac]`, are values of an axis `agent`, which alone will do; each has its own
    parameters and defaults, and an axis that not all of them have needs a `when`."""
    analysis: Annotated[Text | None, RUNS] = None
    """Instead of an agent an analysis of weights that another study kept, as in
    `analysis: smoothness`; or `path/file.py:Name` of your own. Its parameters stand under `fixed`;
    agent, axes, tasks, seeds and all else that makes runs are those of that study."""
    of: Annotated[Text | None, RUNS] = None
    """The study whose runs an analysis is of: its name under the same root, as in
    `of: minatar_model_size`, or the path of its folder."""
    function: Annotated[Text | None, RUNS] = None
    """Instead of an agent a function of your own: `path/file.py:name`, relative to the space."""
    command: Annotated[tuple[str, ...] | None, BeforeValidator(command_rule), RUNS] = None
    """Instead of an agent any program, one process a run, as in
    `command: [python, train.py, "--lr={optimizer.lr}", "--seed={seed}"]`: words with the names of
    parameters in braces, which no shell reads. It is run in the folder of the space."""
    fixed: Annotated[dict[str, Any], BeforeValidator(fixed_rule), RUNS] = Field(
        default_factory=dict
    )
    """Parameters that all trials share, as in `fixed: {batch_size: 32}`."""
    by_task: Annotated[dict[str, dict[str, Any]], BeforeValidator(by_task_rule), RUNS] = Field(
        default_factory=dict
    )
    """Parameters that all trials share on one task, as in
    `by_task: {mujoco/Hopper-v4: {gamma: 0.9999}}`; elsewhere they are as `fixed` or the default has
    them. One that there is only beside some values of others is left out of trials without
    these."""
    axes: Annotated[
        dict[str, Any], BeforeValidator(axes_rule), Key(results=True, chooses=True, grows=True)
    ] = Field(default_factory=dict)
    """The searched parameters; the last axis changes fastest, and an axis stands behind those that
    its `when` names: `axes: {optimizer.lr: {kind: float, values: [1e-4, 1e-3]}}`. Without any there
    is one trial, of what is fixed."""
    blocks: Annotated[
        dict[str, Block],
        BeforeValidator(blocks_rule),
        Key(results=True, chooses=True, grows=True, by_name=True),
    ] = Field(default_factory=dict)
    """Parts of the study with axes and fixed parameters of their own, which count in the place of
    the space's of the same name: `blocks: {sgd: {fixed: {opt: sgd}, axes: {lr: …}}, adam: …}`, or a
    list of them. Each trial's block is the value of an axis `block`; what two blocks hold alike is
    the first one's."""
    zip: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(zip_rule), TRIALS] = ()
    """Groups of axes of one length that move together, the i-th value of one with the i-th of the
    others; a group stands where its first axis stands, and where the `when` of that one does not
    hold it is off as a whole: `zip: [[network.units, optimizer.lr]]`."""
    derived: Annotated[dict[str, str], BeforeValidator(derived_rule), TRIALS] = Field(
        default_factory=dict
    )
    """Parameters computed from others, and from those derived before, as in
    `derived: {asymmetry.beta: 1 - asymmetry.alpha}`. Where a name that it needs is inactive, one
    keeps its default, and `plan` and `run` say so; of `lr_a if opt == 'adam' else lr_b` only the
    branch taken is needed."""
    constraints: Annotated[tuple[str, ...], BeforeValidator(constraints_rule), TRIALS] = ()
    """What must hold for every combination, as in
    `constraints: [network.units % critic.norm.groups == 0]`. One holds where a name that it needs
    is inactive."""
    invalid: Annotated[str, BeforeValidator(one_of("error", "drop")), Key(results=True)] = "error"
    """What becomes of a combination that a constraint or what is trained refuses: an error, or left
    out and counted, as in `invalid: drop`."""
    tasks: Annotated[
        dict[str, Task], BeforeValidator(tasks_rule), Key(results=True, repeated=True, by_name=True)
    ]
    """The tasks, each with the scores that count as 0 and 1, as in
    `tasks: {minatar/breakout: {low: 0.5, high: 14}}`."""
    seeds: Annotated[
        tuple[int, ...], BeforeValidator(seeds_rule), Key(results=True, repeated=True, grows=True)
    ]
    """The seeds, as in `seeds: [0, 1, 2]`; or how many from 0 on, as in `seeds: 5`, or from another
    on, as in `seeds: {from: 2020, count: 10}`. With `seeds: {tune: 5, test: 10}` trials are judged
    by the seeds 0-4 alone, and 5-14 are held out for `sweeper rerank`. With
    `seeds: {tune: [2, 5, 10]}` every trial has two seeds, those that cannot be told from the best
    get five, and those that still cannot ten."""
    steps: Annotated[Positive, RUNS]
    """Environment steps of a run, as in `steps: 5000000`."""
    evaluation: Annotated[Evaluation | None, RUNS] = None
    """When agents are evaluated; needed by agents, refused for functions and commands."""
    population: Annotated[Population | None, RUNS] = None
    """Makes each run a population that trains in one pack: its members draw the values of the axes
    that it searches, and every so many steps the worse go on as copies of the better, with other
    values: `population: {size: 16, every: 50000}`. These axes make no trials."""
    score: Annotated[Score, BeforeValidator(score_rule), RUNS]
    """How runs are scored: one rule, as in `score: {metric: return}`, or a list of several."""
    direction: Annotated[Direction, RUNS] = "maximize"
    """Which scores are better, as in `direction: minimize`."""
    baseline: Annotated[dict[str, Any], BeforeValidator(fixed_rule), COMPARED] = Field(
        default_factory=dict
    )
    """Values of axes, as in `baseline: {sn.layers: none}`. Figures and tables then count the best
    run with these values as 1 on each task, in the place of the task's `high` (where smaller is
    better, as 0, in the place of `low`). A trial's value, by which samplers choose, does not."""
    sampler: Annotated[
        Sampler, BeforeValidator(sampler_rule), Key(results=True, chooses=True, by_name=True)
    ] = Sampler(name="grid")
    """How trials are chosen: `grid`, or a sampler of Optuna's, which may have its arguments, as in
    `sampler: {tpe: {seed: 1}}`; or `path/file.py:Name` of your own, a class that derives from
    Optuna's `BaseSampler`."""
    trials: Annotated[Positive | None, Key(results=True, chooses=True, grows=True)] = None
    """How many trials a sampler plans in all, whatever the number of workers: `trials: 200`."""
    enqueue: Annotated[
        tuple[dict[str, Any], ...],
        BeforeValidator(enqueue_rule),
        Key(results=True, chooses=True, grows=True),
    ] = ()
    """Configurations that a sampler's study begins with, as values of axes; what one leaves open is
    drawn. They count in `trials`, and more of them may be added with as many more trials:
    `enqueue: [{optimizer.lr: 1e-3, network.units: 128}, {network.units: 64}]`."""
    warm_start: Annotated[tuple[str, ...], BeforeValidator(warm_start_rule), TRIALS] = ()
    """Earlier studies whose ended trials the sampler (`tpe`, `gp`, `cmaes` or one of your own)
    knows from the first trial on, by name under the same root, or by path; they are read once and
    count nowhere else: `warm_start: [minatar_small]`."""
    pruner: Annotated[
        Pruner | None, BeforeValidator(pruner_rule), Key(results=True, chooses=True, by_name=True)
    ] = None
    """Which trials end early: a pruner of Optuna's, with its arguments, which count steps of a run,
    and the fewest seeds that it judges by: `pruner: {median: {n_warmup_steps: 1000, seeds: 2}}`."""
    checkpoint: Annotated[Checkpoint, WORKERS] = Checkpoint()
    """How often states are saved."""
    limits: Annotated[Limits, WORKERS] = Limits()
    """How often runs may fail, and how long they and the study may take."""
    figures: Annotated[
        tuple[Figure, ...] | None, BeforeValidator(figures_rule), Key(by_name=True)
    ] = None
    """Figures with their options, as in `figures: [{heatmap: {x: optimizer.lr}}, curves]`; learning
    curves of several metrics side by side with `curves: {metric: [return, loss]}`, and another
    point of each curve than the score's with `heatmap: {at: max}`. Where the key is left out, a
    sampler's study shows its `history` and `curves: {top: 5}`; `figures: []` shows none."""
    claims: Annotated[
        dict[str, Claim], BeforeValidator(claims_rule), Key(chooses=True, by_name=True)
    ] = Field(default_factory=dict)
    """What the study is expected to show, by a name each, as in
    `claims: {sn_helps: "score(sn.layers=sn[-2]) > score(sn.layers=none)"}`; `sweeper claims` says
    which are supported, refuted or undecided. A mapping says more: `source`, `where`, `at`, `pool`.
    """
    searched: Annotated[dict[str, Any], BeforeValidator(axes_rule), Key(given=False)] = Field(
        default_factory=dict
    )
    """The axes that the population searches, taken out of `axes`."""
    scale: Annotated[Text | None, FOUND] = None
    """The scale that was applied."""
    changed: Annotated[tuple[str, ...], FOUND] = ()
    """The words of the command line that change what is trained or how it is scored."""
    held_out: Annotated[tuple[int, ...], Key(given=False, chooses=True)] = ()
    """The seeds under `seeds: {test: …}`."""
    rungs: Annotated[tuple[int, ...], Key(given=False, chooses=True)] = ()
    """How many seeds each rung has under `seeds: {tune: [2, 5, 10]}`; empty without rungs."""
    paper_steps: Annotated[Positive | None, Key(given=False)] = None
    """The steps that the file's scale `paper` asks for, where it has that scale."""
    defaults: Annotated[dict[str, Any], Key(given=False)] = Field(default_factory=dict)
    """The parameters that `fixed` leaves out, with their defaults when the space was loaded."""
    name: Annotated[Name, FOUND]
    """The study's name unless another is asked for: `study`, and the scale if not the default."""
    file: Annotated[Text, FOUND]
    """The file it was loaded from, as it was given."""
    folder: Annotated[Text, Key(given=False)]
    """The absolute folder of that file."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        trained = [key for key in TRAINED if getattr(self, key) is not None]
        if not trained and "agent" in self.axes:
            raise Invalid("must list agents by their names, as in values: [td3, sac]", _AGENT)
        for key in TRAINED if not trained else ():
            if key in self.fixed:
                raise Invalid(f"must stand one level up: {key}: {self.fixed[key]}", ("fixed", key))
        if not trained:
            raise Invalid(f"needs one of {', '.join(TRAINED)}, but got none")
        mistakes = Mistakes()
        for key in trained[1:]:
            one = f"a space trains one of {', '.join(TRAINED)}"
            mistakes.add(Invalid(f"must go, as the space has {trained[0]}: {one}", (key,)))
        mistakes.check()
        if self.score.reference is None:
            for name, task in self.tasks.items():
                for key in task.unknown:
                    mistakes.add(Invalid(f"needs the key {shown(key)}", ("tasks", name)))
        mistakes.check()
        if self.blocks and BLOCK in self.axes:
            raise Invalid("is what blocks are called: rename the axis", ("axes", BLOCK))
        if self.analysis is not None:
            return self
        if self.agent is not None and self.evaluation is None:
            raise Invalid("needs the key 'evaluation', as in {every: 1000, episodes: 10}")
        if self.evaluation is None:
            return self
        if self.agent is None:
            raise Invalid(f"must go: a {trained[0]} evaluates itself", ("evaluation",))
        least = min(map(self.steps_on, self.tasks), default=self.steps)
        if self.evaluation.every > least:
            raise Invalid(
                f"must be at most steps={least}, but got {self.evaluation.every}",
                ("evaluation", "every"),
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, data: Any) -> Any:
        return written_out(data) if isinstance(data, dict) else data

    def steps_on(self, task: str) -> int:
        """Environment steps of a run on this task."""
        return self.tasks[task].steps or self.steps

    @property
    def first_seeds(self) -> tuple[int, ...]:
        """The seeds that every trial runs under: those of the first rung."""
        return self.seeds[: self.rungs[0]] if self.rungs else self.seeds

    @property
    def steps_of_all(self) -> int:
        """Environment steps of one run on each task, in all."""
        return sum(map(self.steps_on, self.tasks))

    @property
    def average_steps(self) -> int:
        """Environment steps of a run, on average over the tasks."""
        return round(self.steps_of_all / len(self.tasks))

    @property
    def one_length(self) -> bool:
        """Whether runs on all tasks have the same steps."""
        return len(set(map(self.steps_on, self.tasks))) == 1

    @property
    def steps_text(self) -> str:
        """The steps of a run, as in `1,000`; where tasks differ, as in `1,000 to 5,000`."""
        steps = [*map(self.steps_on, self.tasks)]
        least, most = min(steps), max(steps)
        return f"{most:,}" if least == most else f"{least:,} to {most:,}"

    @property
    def scores(self) -> tuple[Score | Objective, ...]:
        """All scores, the one that figures and tables show first."""
        return (self.score, *self.score.also)

    @property
    def score_names(self) -> tuple[str, ...]:
        """What tables call the scores, no two alike: their metrics, and what else tells them apart.

        `return` where it is scored once, `return max` and `return auc` where it is scored twice.
        """
        return tuple(self._score_name(place) for place in range(len(self.scores)))

    def _score_name(self, place: int) -> str:
        for keys in (("metric",), ("metric", "at"), ("metric", "at", "aggregate")):
            names = [" ".join(getattr(rule, key) for key in keys) for rule in self.scores]
            if names.count(names[place]) == 1:
                return names[place]
        return f"{names[place]} {place + 1}"

    @property
    def drawn(self) -> tuple[Figure, ...]:
        """The figures that are drawn when the study ends: of a sampler's study that names none, how
        its values went on, and its best configurations' curves; and of claims their verdicts."""
        found = self.figures or ()
        if self.figures is None and self.sampler.name != "grid":
            found = Figure(name="history", options={}), Figure(name="curves", options={"top": 5})
        claimed = self.claims and self.figures != () and all(f.name != "claims" for f in found)
        return (*found, Figure(name="claims", options={})) if claimed else found

    @property
    def directions(self) -> tuple[str, ...]:
        """`maximize` or `minimize`, for each of the scores."""
        return (self.direction, *(other.direction for other in self.score.also))

    def dump(self) -> dict[str, Any]:
        """All of it as plain JSON data."""
        plain = self.model_dump(mode="json", exclude_none=True)
        plain |= {"axes": _dumped(self.axes), "defaults": dict(self.defaults)}
        plain |= {"searched": _dumped(self.searched)} if self.searched else {}
        for name, block in self.blocks.items():
            plain["blocks"][name]["axes"] = _dumped(block.axes)
        return plain

    @classmethod
    def parse(
        cls, data: Mapping[str, Any], frozen: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Space:
        """The space that `dump` gave; raises `SweeperError` where the data is not one.

        With `frozen`, what a plan holds of axes of users' own kinds, no file is imported.
        """
        try:
            return validated(cls, dict(data), Context(frozen=frozen))
        except Invalid as error:
            raise documents.Document("the frozen space", {}).errors([error]) from error

    @property
    def identity(self) -> str:
        """What is trained, without the folder it lies in: `agent dqn`, `function f.py:train`,
        `command python train.py --lr={lr}`."""
        if self.command is not None:
            return f"command {quoted(self.command)}"
        if not self.agents:
            return f"function {_without_folder(str(self.function))}"
        kind = "agent" if len(self.agents) == 1 else "agents"
        named = f"{kind} {', '.join(map(_without_folder, self.agents))}"
        return f"analysis {_without_folder(self.analysis)} of {named}" if self.analysis else named

    @property
    def evolving(self) -> dict[str, Any] | None:
        """What a run is told of its population, as plain data; `None` where it is none."""
        if self.population is None or not self.searched:
            return None
        return described(self.population, self.searched, self.score.metric, self.direction)

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that are trained; empty for a function."""
        if self.agent is None:
            return ()
        return (self.agent,) if isinstance(self.agent, str) else self.agent


def _without_folder(name: str) -> str:
    path, _, attribute = name.rpartition(":")
    return f"{Path(path).name}:{attribute}" if path else name


def _dumped(axes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"kind": axis.kind, **axis.model_dump(mode="json", exclude_defaults=True)}
        for name, axis in axes.items()
    }


def keys(wanted: Callable[[Key], bool]) -> tuple[str, ...]:
    """The keys of a space of which `wanted` is true, in their order."""
    return tuple(
        name
        for name, field in Space.model_fields.items()
        if any(isinstance(mark, Key) and wanted(mark) for mark in field.metadata)
    )
