"""A key at the wrong place is told a place where it works."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.planning.loading import load
from sweeper.space.overrides import parse_words
from tests.helpers.cases import each
from tests.sweeper.planning.mistakes.test_every_mistake import SPACE, answer, edited


@each(
    "old, new, hint",
    [
        ("seeds: 2", "seeds: 2\nclip: false", "fixed.clip"),
        ("seeds: 2", "seeds: 2\nhidden: 3", "fixed.network.hidden"),
        ("seeds: 2", "seeds: 2\noptimizer: {momentum: 0}", "fixed.optimizer.momentum"),
        ("seeds: 2", "seeds: 2\nlr: 3", "axes.optimizer.lr.values, or fixed.optimizer.lr without"),
        ("seeds: 2", "seeds: 2\nmetric: return", "score.metric"),
        ("seeds: 2", "seeds: 2\nepisodes: 2", "evaluation.episodes"),
        ("seeds: 2", "seeds: 2\nscore.metric: return", "score: {metric: …}?)"),
        ("seeds: 2", "seeds: 2\nevaluation.every: 3", "evaluation: {every: …}?)"),
        ("seeds: 2", "seeds: 2\nkeep: best", "checkpoint.keep"),
        ("metric: return", "metric: return, seeds: 3", "seeds, a key of the space itself"),
        ("every: 50", "every: 50, steps: 3", None),
        ("every_s: 30", "every_s: 30, steps: 3", "steps, a key of the space itself"),
        ("  clip: true", "  steps: 3", "steps, a key of the space itself"),
        ("  clip: true", "  convs: [16]", "fixed.network.convs"),
        ("  clip: true", "  evaluation.cap: 3", "evaluation.cap"),
        ("  network.units:", "  units:", "axes.network.units"),
        ("kind: int,", "kind: int, seeds: 3,", "seeds, a key of the space itself"),
        ("kind: int,", "kind: int, clip: true,", "fixed.clip"),
        (
            "kind: float, values: [1e-4, 1e-3",
            "kind: float, step_size: 3, values: [1e-4, 1e-3",
            "'step'",
        ),
        ("kind: int,", "kind: int, min: 3,", "'low'"),
        ("every_s: 30", "every: 30", "'every_s'?)"),
        ("every_s: 30", "episodes: 3", "evaluation.episodes?)"),
        (
            "breakout: {low: 0,",
            "breakout: {seeds: 3, low: 0,",
            "seeds, a key of the space itself?)",
        ),
        ("breakout: {low: 0,", "breakout: {clip: 1, low: 0,", "by_task.minatar/breakout.clip?)"),
        (
            "seeds: 2",
            "seeds: 2\nby_task: {minatar/breakout: {steps: 9}}",
            "tasks.minatar/breakout.steps or",
        ),
        (
            "seeds: 2",
            "seeds: 2\nby_task: {minatar/breakout: {hidden: 9}}",
            "by_task.minatar/breakout.networ",
        ),
        ("seeds: 2", "seeds: 2\nblocks: {a: {clip: true}}", "blocks.a.fixed.clip?)"),
        (
            "seeds: 2",
            "seeds: 2\nblocks: {a: {fixed: {hidden: 1}}}",
            "blocks.a.fixed.network.hidden?)",
        ),
        ("seeds: 2", "seeds: 2\nblocks: {a: {steps: 3}}", "steps, a key of the space itself?)"),
        ("limits: {deaths: 3", "limits: {every_s: 3", "checkpoint.every_s?)"),
        ("smoke: {seeds: 1}", "smoke: {clip: false}", "fixed.clip"),
        ("smoke: {seeds: 1}", "smoke: {every: 5}", "evaluation.every"),
    ],
)
def test_a_key_at_the_wrong_place_is_told_the_right_one(
    tmp_path: Path, old: str, new: str, hint: str | None
) -> None:
    (line, *_) = answer(tmp_path, edited((old, new)))
    assert (f"(did you mean {hint}" in line) if hint else ("did you mean" not in line)


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("seeds: 2", "seeds: 2\n{}", "hidden every_s momentum cap deaths lr"),
        ("episodes: 1", "episodes: 1, {}", "seeds deaths hidden"),
        ("every_s: 30", "{}", "every episodes steps hidden"),
        ("deaths: 3", "{}", "max_gb cap seeds hidden lr"),
        ("metric: return", "metric: return, {}", "every_s seeds cap"),
        ("clip: true", "{}", "steps hidden failures lr"),
        ("seeds: 2", "seeds: 2\nby_task: {{minatar/asterix: {{{}}}}}", "steps hidden seeds"),
        ("seeds: 2", "seeds: 2\nblocks: {{a: {{{}}}}}", "hidden steps deaths"),
        ("seeds: 2", "seeds: 2\nblocks: {{a: {{fixed: {{{}}}}}}}", "hidden seeds"),
        ("asterix: {low: 0,", "asterix: {{{}, low: 0,", "seeds cap hidden"),
        ("kind: int,", "kind: int, {},", "seeds cap hidden"),
    ],
)
def test_a_key_works_at_each_place_that_its_hint_names(
    tmp_path: Path, old: str, new: str, keys: str
) -> None:
    for key in keys.split():
        value = {"steps": 100, "momentum": 0.5, "lr": 0.5}.get(key, 3)
        lines = answer(tmp_path, edited((old, new.format(f"{key}: {value}"))))
        (line,) = (one for one in lines if "did you mean" in one)
        hints = line.partition("(did you mean ")[2].partition("?)")[0]
        for hint in hints.replace(", or ", " or ").split(" or "):
            where = hint.partition(", a key of")[0].removesuffix(" without that axis")
            where = f"checkpoint.{where[1:-1]}" if where.startswith("'") else where
            block, _, name = where.partition(".fixed.")
            word = f"{where}={[value] if where.endswith('.values') else value}"
            if block == "blocks.a":
                word = f"blocks={{a: {{fixed: {{{name}: {value}}}}}}}"
            off = [f"axes.{where[6:]}=null"] if f"axes.{where[6:]}.values" in hints else []
            (tmp_path / "x.yaml").write_text(SPACE.partition("figures:")[0])
            assert load(tmp_path / "x.yaml", None, parse_words([*off, word], ())[1]), where


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("clip=false", "fixed.clip?"),
        ("network.hidden=3", "fixed.network.hidden?"),
        ("optimizer.lr=1e-3", "fixed.optimizer.lr without"),
        ("optimizer.lr.values=[1]", "axes.optimizer.lr.values?"),
        ("every=3", "evaluation.every or population.every?"),
        ("evry=3", ""),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_word_without_its_section_is_told_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, word: str, hint: str
) -> None:
    from tests.sweeper.cli.test_main import call

    (tmp_path / "x.yaml").write_text(SPACE)
    assert call(command, str(tmp_path / "x.yaml"), word) == 2
    error = capsys.readouterr().err
    assert f"unknown option or key of the space '{word.partition('=')[0]}'" in error
    assert ("(did you mean " in error and hint in error) if hint else "did you mean" not in error


def test_any_name_is_a_parameter_of_a_function(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def train(config, run):\n    return 0.0\n")
    text = (
        "study: f\nfunction: f.py:train\naxes: {lr: {kind: float, values: [1, 2]}}\nwidth: 3\n"
        "tasks: {any: {low: 0, high: 1}}\nseeds: 1\nsteps: 5\nscore: {metric: anything}\n"
    )
    (line,) = answer(tmp_path, text)
    assert line.startswith("x.yaml:4: width is an unknown key (did you mean fixed.width?); valid: ")


OF_OTHERS = """\
study: demo
agent: {agent}
fixed: {{{name}: 1}}
axes: {{batch_size: {{kind: int, values: [8]}}}}
tasks: {{{task}: {{low: 0, high: 1}}}}
seeds: 1
steps: 200
evaluation: {{every: 100, episodes: 1}}
score: {{metric: return}}
"""


@pytest.mark.parametrize(
    ("agent", "task", "name", "said"),
    [
        ("dqn", "minatar/breakout", "features.units", ", but of ddpg, drq, sac and 5 more; valid:"),
        ("dqn", "minatar/breakout", "encoder.filters", "agent dqn, but of drq; valid: "),
        ("td3", "navigation/2", "network.convs", "agent td3, but of c51, dqn; valid: "),
        ("td3", "navigation/2", "network.unit", "agent td3 (did you mean "),
    ],
)
def test_a_parameter_of_other_agents_is_told_as_theirs(
    tmp_path: Path, agent: str, task: str, name: str, said: str
) -> None:
    (line,) = answer(tmp_path, OF_OTHERS.format(agent=agent, task=task, name=name))
    assert said in line
