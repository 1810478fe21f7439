"""Statements of claims: what they say, and which are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sweeper.errors import Invalid, SweeperError
from sweeper.planning.loading import load
from sweeper.space.claims.statement import Quantity, Statement, parse
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from tests.helpers.cases import each

PARSED = {
    "score(sn.layers=sn[-2]) > score(sn.layers=none)": Statement(
        Quantity("score", None, "sn.layers=sn[-2]"), ">", Quantity("score", None, "sn.layers=none")
    ),
    "usable(lr | a=1,2, b=x)>usable( lr|a=3 )": Statement(
        Quantity("usable", "lr", "a=1,2, b=x"), ">", Quantity("usable", "lr", "a=3")
    ),
    "critic/loss max(a=1) <= critic/loss max(a=2) by 0.05": Statement(
        Quantity("critic/loss max", None, "a=1"),
        "<=",
        Quantity("critic/loss max", None, "a=2"),
        0.05,
    ),
    "best(critic.layers) <= 4": Statement(Quantity("best", "critic.layers"), "<=", 4.0),
    "score() >= 1e-1": Statement(Quantity("score"), ">=", 0.1),
    "best(a) > 12345678": Statement(Quantity("best", "a"), ">", 12345678.0),
    "score() > -2.00000001e-300 ": Statement(Quantity("score"), ">", -2.00000001e-300),
    "score(a=1) > score(a=2) by 0.1234567": Statement(
        Quantity("score", None, "a=1"), ">", Quantity("score", None, "a=2"), 0.1234567
    ),
    "score(a=(1<2)) < score(a=(2<3))": Statement(
        Quantity("score", None, "a=(1<2)"), "<", Quantity("score", None, "a=(2<3)")
    ),
}

REFUSED = {
    "score(a=1)": "must compare two quantities once",
    "score(a=1) > score(a=2) > score(a=3)": "must compare two quantities once",
    "score(a=1) = score(a=2)": "must compare two quantities once",
    "score(a=1 > score(a=2)": "must close every bracket",
    "0.5 < score(a=1)": "must have its number on the right",
    "score(a=1) > score": "must have a quantity or a number on each side",
    "score(a=1) >": "must have a quantity or a number on each side",
    "score(a=1) > score(a=1)": "must have two sides that differ, but both are score(a=1)",
    "score(a=1,b=x, y) > score( b=y,x,a=1.0)": "must have two sides that differ",
    "score(a=1e-3) > score(a=0.001)": "must have two sides that differ",
    "score(a=1) > score(a=2) by much": "must be a number, but got 'much'",
    "score(a=1) > score(a=2) by -1": "must say by at least 0",
    "usable(a=1) > 2": "needs an axis and then conditions, as in usable(",
    "best() <= 4": "needs an axis and then conditions, as in best(",
    "usable(a) > usable(b)": "must compare usable of one axis, but got a and b",
    "usable(a) > score(b=1)": "must compare like with like, but got usable and score",
    "score(a=1) > return(a=2)": "must compare like with like, but got score and return",
}


@each("text", PARSED)
def test_parsed(text: str) -> None:
    found = parse(text)
    assert found == PARSED[text]
    assert parse(str(found)) == found


@each("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse(text)
    assert REFUSED[text] in raised.value.message


SPACE = {
    "study": "demo",
    "agent": "dqn",
    "axes": {
        "optimizer.lr": {"kind": "float", "values": [1e-4, 1e-3]},
        "sn.layers": {"kind": "layers", "sets": ["none", [-2]]},
    },
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
    "seeds": 5,
    "steps": 100,
    "evaluation": {"every": 50, "episodes": 1},
    "score": {"metric": "return"},
}

RIGHT = {
    "layers": "score(sn.layers=sn[-2]) > score(sn.layers=none)",
    "usable": "usable(optimizer.lr | sn.layers=sn[-2]) > usable(optimizer.lr | sn.layers=none)",
    "best": {"claim": "best(optimizer.lr) <= 1e-3", "where": "task=minatar/breakout", "at": "max"},
    "loss": {"claim": "loss(optimizer.lr=1e-4..5e-4) < loss(optimizer.lr=1e-3)", "source": "me"},
    "several": "score(optimizer.lr=1e-4,sn.layers=none) > score(optimizer.lr=1e-3,sn.layers=none)",
}

WRONG = {
    "score(sn.layer=none) > 0.5": "claims.it.claim names 'sn.layer', which is no axis",
    "score(sn.layers=sn[-3]) > 0.5": "asks for sn.layers=sn[-3] (did you mean 'sn[-2]'?); valid: ",
    "score(optimizer.lr=1e-4,sn.layers=sn[-9]) > 0.5": "asks for sn.layers=sn[-9]",
    "score(none) > 0.5": "must hold conditions, as in optimizer.lr=1e-3, but got 'none'",
    "usable(lr) > 3": "must be usable of an axis, but got 'lr'",
    "best(sn.layers) <= 4": "must be best of an axis of numbers; of texts compare scores",
    "returns() > 3": "or best values of an axis, but got 'returns' (did you mean 'return",
}


def loaded(tmp_path: Path, claims: object, *words: str) -> Space:
    file = tmp_path / "space.yaml"
    file.write_text(yaml.safe_dump({**SPACE, "claims": claims}, sort_keys=False))
    return load(file, None, parse_words(words, ())[1])


def test_a_space_keeps_its_claims(tmp_path: Path) -> None:
    space = loaded(tmp_path, RIGHT)
    assert list(space.claims) == list(RIGHT)
    assert Space.parse(space.dump()) == space
    assert space.claims["best"].where == ("task=minatar/breakout",)
    assert space.claims["loss"].source == "me" and space.claims["loss"].at is None


@each("text", WRONG)
def test_a_claim_about_what_there_is_not_names_what_there_is(tmp_path: Path, text: str) -> None:
    with pytest.raises(SweeperError) as raised:
        loaded(tmp_path, {"it": text})
    assert WRONG[text] in str(raised.value)


@each(
    "claims, said",
    [
        ({"it": 3}, "must be a mapping of claim, source"),
        ({"it": {"source": "me"}}, "needs the key 'claim'"),
        ({"it": {"claim": 3}}, "must be a statement"),
        ({"it": {"claim": "score() > 1", "at": "mean"}}, "must be one of final, max, auc"),
        ({"it": {"claim": "score() > 1", "pool": "worst"}}, "must be all or best"),
        ({"it": {"claim": "score() > 1", "where": "lr=3"}}, "names 'lr', which is no axis"),
        ({"a b": "score() > 1"}, "is no name: it must be a plain file name"),
        (["score() > 1"], "must be a mapping"),
    ],
)
def test_what_is_no_claim_is_refused(tmp_path: Path, claims: object, said: str) -> None:
    with pytest.raises(SweeperError, match=said):
        loaded(tmp_path, claims)


def test_words_that_take_away_what_is_claimed_about_take_the_claim(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = ["axes.sn.layers.sets=[none]", "axes.optimizer.lr.values=[1e-4]"]
    space = loaded(tmp_path, RIGHT, *taken)
    assert list(space.claims) == ["best"]
    assert "the claim layers is left out: it asks for sn.layers=sn[-2]" in caplog.text
    assert list(loaded(tmp_path, RIGHT, "seeds=7").claims) == list(RIGHT)


def test_a_space_with_mistakes_says_nothing_of_its_claims(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SweeperError, match="steps must be"):
        loaded(tmp_path, RIGHT, "axes.sn.layers.sets=[none]", "steps=-1")
    assert not caplog.text
