"""Every figure there is keeps the promises of `sweeper.figures`."""

from __future__ import annotations

import inspect
from functools import cache

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from sweeper import lookup
from sweeper.figures.drawing import style, text_layout
from sweeper.results.data import Data
from tests.helpers.cases import each
from tests.helpers.figures import OF_ANY_STUDY
from tests.helpers.played_study import player

NAMES = lookup.names("sweeper.figures")
LR = {"kind": "float", "values": [1e-5, 2.5e-4, 1e-3]}
EPS = {"kind": "float", "values": [1e-4, 1e-2]}
SN = {"kind": "choice", "values": ["none", "sn[-2]"]}
TASKS = {name: {"low": 0, "high": 2} for name in ("minatar/breakout", "minatar/asterix", "c", "d")}
DOLLARS = ["$\\bad{$", "$5 to $6", "a^{b}_c"]
LONG = [f"a long description of connectivity number {number} of many" for number in range(3)]
SHAPES = {
    "12 configurations": {"axes": {"optimizer.lr": LR, "optimizer.eps": EPS, "sn.layers": SN}},
    "one seed": {"axes": {"optimizer.lr": LR, "sn.layers": SN}, "seeds": 1},
    "four tasks": {"axes": {"optimizer.lr": LR, "sn.layers": SN}, "tasks": TASKS},
    "long labels": {"axes": {"connectivity": {"kind": "choice", "values": LONG}, "sn": SN}},
    "dollars": {
        "axes": {"price": {"kind": "choice", "values": DOLLARS}, "optimizer.lr": LR},
        "note": "all of it between $1 and $\\frac{2$",
    },
    "one axis": {"axes": {"optimizer.lr": LR}},
    "one value": {"axes": {"optimizer.lr": {"kind": "float", "values": [1e-3]}}},
    "an axis that is not always active": {
        "axes": {
            "optimizer": {"kind": "choice", "values": ["adam", "sgd"]},
            "optimizer.lr": LR,
            "optimizer.eps": EPS | {"when": {"optimizer": "adam"}},
        }
    },
    "texts that are not always active": {
        "axes": {
            "sn.layers": SN | {"when": {"optimizer.lr": [1e-5, 1e-3]}},
            "optimizer.lr": LR,
            "optimizer.eps": EPS | {"when": {"sn.layers": "none"}},
        }
    },
    "axes that move together": {
        "axes": {"optimizer.lr": LR, "width": {"kind": "int", "values": [64, 128, 256]}, "sn": SN},
        "zip": [["optimizer.lr", "width"]],
    },
    "long note": {"axes": {"sn.layers": SN}, "note": "compressed schedules " * 30},
}
FACETS = [f"a rather long description of facet number {number}" for number in range(12)]
FACET_TITLE = "how the hidden layers of the network are connected"
MANY_FACETS = {
    "axes": {"f": {"kind": "choice", "values": FACETS, "title": FACET_TITLE}, "sn.layers": SN},
    "seeds": 1,
}


def outcome(share):
    """A share of all runs is missing; one has failed, one diverged."""

    def went(run, labels):
        random = np.random.default_rng([run.seed, run.trial])
        if random.random() < share:
            return None
        points = [
            (step, {"return": random.normal() + step / 40, "effective_rank": random.normal(40)})
            for step in (10, 20, 30, 40)
        ]
        ends = {(0, 0): ("failed", points[:1]), (1, 0): ("nan", points[:2])}
        return ends.get((run.trial, run.seed), ("complete", points))

    return went


@pytest.fixture
def draw(monkeypatch):
    """Draws a figure; returns it and the texts that are seen, with their boxes."""
    seen = {}
    paint = Text.draw

    def watched(text, renderer, *rest, **named):
        paint(text, renderer, *rest, **named)
        if text.get_visible() and text.get_text().strip():
            seen[text] = text.get_window_extent(renderer)

    def drawn(study, name, **options):
        with style.context():
            picture = lookup.find("sweeper.figures", name)(Data.of(study), **options)
            monkeypatch.setattr(Text, "draw", watched)
            FigureCanvasAgg(picture.figure).draw()
        return picture, seen

    return drawn


@each("name", NAMES)
def test_its_options_are_keyword_only_and_it_is_described(name):
    module = inspect.getmodule(draw := lookup.find("sweeper.figures", name))
    assert draw.__doc__ and module.__doc__
    positional, *options = inspect.signature(draw).parameters.values()
    assert positional.name == "data"
    assert all(option.kind == option.KEYWORD_ONLY for option in options)
    assert {option.name for option in options} <= {"x", "y", "hue", "facet", "metric"}
    assert all(option.default is None for option in options), "a figure draws without options"


CASES = [(shape, 0.2) for shape in SHAPES] + [(next(iter(SHAPES)), share) for share in (0.0, 1.0)]


@pytest.fixture(scope="module")
def played_once(tmp_path_factory):
    """A study of that shape, which many figures only look at."""
    shapes = {**SHAPES, "many facets": MANY_FACETS}

    @cache
    def study(shape, share=0.2):
        return player(tmp_path_factory.mktemp("played"))(outcome(share), **shapes[shape])

    return study


@pytest.mark.parametrize(("shape", "share"), CASES)
@pytest.mark.parametrize("name", OF_ANY_STUDY)
def test_a_drawn_figure(played_once, draw, name, shape, share):
    study = played_once(shape, share)
    picture, seen = draw(study, name)
    assert {"point", "low", "high", "n"} <= set(picture.table.columns)
    assert pyplot.get_fignums() == [], "figures are made without pyplot's global state"
    says_what_stands_behind_it(picture, seen, len(study.plan.runs))
    is_not_clipped(picture.figure, seen)
    does_not_overlap(seen)


ARRANGED = [
    ("heatmap", {"x": "optimizer.lr", "y": "sn.layers", "facet": "task", "metric": "return"}),
    ("sensitivity", {"x": "optimizer.lr", "facet": "task", "metric": "return"}),
    ("sensitivity", {"x": "sn.layers", "hue": "task", "facet": "optimizer.lr"}),
    ("scaling", {"x": "optimizer.lr", "hue": "sn.layers", "facet": "task", "metric": "return"}),
    ("distributions", {"hue": "sn.layers", "facet": "task"}),
    ("curves", {"hue": "sn.layers", "facet": "task"}),
    ("curves", {"hue": "sn.layers", "metric": ["return", "effective_rank"]}),
    ("curves", {"hue": "sn.layers", "facet": "optimizer.lr", "metric": ["return"]}),
]


@pytest.mark.parametrize(("name", "options"), ARRANGED)
def test_a_figure_of_many_panels(played_once, draw, name, options):
    study = played_once("four tasks")
    picture, seen = draw(study, name, **options)
    says_what_stands_behind_it(picture, seen, len(study.plan.runs))
    is_not_clipped(picture.figure, seen)
    does_not_overlap(seen)


FACETTED = [name for name in OF_ANY_STUDY if "facet" in lookup.keywords("sweeper.figures", name)]


@pytest.mark.parametrize("name", FACETTED)
def test_titles_of_many_facets_do_not_overlap(played_once, draw, name):
    study = played_once("many facets", 0.1)
    picture, seen = draw(study, name, facet="f")
    titles = [ax.get_title() for ax in picture.figure.axes if ax.get_title()]
    assert len(set(titles)) == 12, "each can be told from the others"
    is_not_clipped(picture.figure, seen)
    does_not_overlap(seen)


def says_what_stands_behind_it(picture, seen, runs):
    texts = [text.get_text().replace("\u00a0", " ") for text in seen]
    (below,) = [text for text in texts if text.startswith("n = ")]
    assert f"of {runs} run" in below.replace("\n", " ") and below.count("\n") < 2
    words = ("n = ", f"of {runs} run", "ailed: ", "pruned: ", "missing: ", "diverged: ")
    assert [word for word in words if word not in picture.caption] == []


def is_not_clipped(figure, seen):
    width, height = figure.bbox.size
    assert width / figure.dpi in (style.COLUMN_IN, style.PAGE_IN)
    for text, box in seen.items():
        assert text.get_fontsize() >= text_layout.TINY_PT
        assert box.x0 >= -1 and box.y0 >= -1, f"{text.get_text()!r} is cut off"
        assert box.x1 <= width + 1 and box.y1 <= height + 1, f"{text.get_text()!r} is cut off"


def does_not_overlap(seen):
    upright = [(text, box) for text, box in seen.items() if text.get_rotation() in (0, 90)]
    for index, (text, box) in enumerate(upright):
        for other, its in upright[index + 1 :]:
            across = min(box.x1, its.x1) - max(box.x0, its.x0)
            along = min(box.y1, its.y1) - max(box.y0, its.y0)
            message = f"{text.get_text()!r} and {other.get_text()!r} overlap"
            assert across <= 2 or along <= 2, message
