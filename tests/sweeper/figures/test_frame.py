"""What is asked of a figure's frame: caption, title, width and limits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from sweeper import figures, lookup
from sweeper.errors import SweeperError
from sweeper.figures.drawing import frame, style, text_layout
from sweeper.results.captions import Caption
from sweeper.results.data import Data
from sweeper.space.figure_options import LEAST_IN
from tests.helpers.figures import AXES, OF_ANY_STUDY, whole

TASKS = {name: {"low": 0.0, "high": 2.0} for name in ("line", "ring")}


def drawn(study, name, **asked):
    """The figure with this frame, laid out."""
    with style.context(), frame.asked(frame.Frame(**asked)):
        picture = lookup.find("sweeper.figures", name)(Data.of(study))
        frame.below_title(picture.figure)
        FigureCanvasAgg(picture.figure).draw()
    return picture


def texts(picture):
    found = picture.figure.findobj(Text)
    return [one for one in found if one.get_visible() and one.get_text().strip()]


def boxes(picture, some):
    renderer = FigureCanvasAgg(picture.figure).get_renderer()
    return [one.get_window_extent(renderer) for one in some]


@pytest.mark.parametrize("name", OF_ANY_STUDY)
def test_a_title_stands_above_everything(played, name):
    study = played(whole, axes=AXES)
    picture = drawn(study, name, title="What the layers do")
    (title,) = [one for one in texts(picture) if one.get_text() == "What the layers do"]
    (box,), others = boxes(picture, [title]), [one for one in texts(picture) if one is not title]
    assert box.y1 <= picture.figure.bbox.y1
    assert max(other.y1 for other in boxes(picture, others)) <= box.y0 + 1


@pytest.mark.parametrize("name", OF_ANY_STUDY)
@pytest.mark.parametrize("width", [2.0, 3.25])
def test_a_width_is_kept_and_nothing_leaves_it(played, name, width):
    width = max(width, LEAST_IN.get(name, 0.0))
    picture = drawn(played(whole, axes=AXES, tasks=TASKS), name, width=width)
    assert picture.figure.get_figwidth() == width
    picture.figure.savefig(io.BytesIO())
    renderer = FigureCanvasAgg(picture.figure).get_renderer()
    inked = picture.figure.get_tightbbox(renderer)
    assert inked.x0 >= 0.0 and inked.x1 <= width


def test_without_a_caption_the_figure_is_lower_and_the_text_is_beside_it(played, tmp_path):
    study = played(whole, axes=AXES)
    heights = [drawn(study, "heatmap", caption=shown).figure.get_figheight() for shown in (1, 0)]
    assert heights[1] < heights[0]
    bare = drawn(study, "heatmap", caption=False)
    assert not [one for one in texts(bare) if "runs" in one.get_text()]
    figures.render(study, "heatmap", {"caption": False}, tmp_path / "x.pdf")
    assert "n = 40 of 40 runs (8 configurations" in (tmp_path / "x.txt").read_text()


@pytest.mark.parametrize("name", ["curves", "sensitivity", "scaling", "distributions", "history"])
def test_limits_of_y(played, name):
    picture = drawn(played(whole, axes=AXES), name, ylim=(0.25, 0.75))
    assert all(ax.get_ylim() == (0.25, 0.75) for ax in picture.figure.axes if ax.axison)


def test_limits_of_x(played):
    study = played(whole, axes=AXES)
    assert drawn(study, "curves", xlim=(10, 30)).figure.axes[0].get_xlim() == (10, 30)
    low, high = drawn(study, "sensitivity", xlim=(1e-4, 1e-2)).figure.axes[0].get_xlim()
    assert (round(low), round(high)) == (-4, -2), "by ratio, as the axis is"
    assert drawn(study, "distributions", xlim=(0, 3)).table["tau"].max() == 3


def test_limits_are_said_beside_the_figure(played, tmp_path):
    study = played(whole, axes=AXES)
    figures.render(study, "curves", {"ylim": "0..0.5", "xlim": [0, 30]}, tmp_path / "x.svg")
    said = (tmp_path / "x.txt").read_text().replace("\n", " ")
    assert "Axes as asked for: x 0 to 30, y 0 to 0.5; what lies beyond is not shown." in said


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "heatmap",
            {"ylim": "0..1"},
            "ylim does not go with heatmap, which has no axis",
        ),
        ("curves", {"ylim": "1..0"}, "ylim must be low..high, as in 0..1, but got '1..0'"),
        ("curves", {"xlim": "a..b"}, r"xlim must be low..high"),
        ("curves", {"width": "wide"}, "width must be column, page or 2 to 20 inches, as in 3.25"),
        ("curves", {"width": 100}, "width must be column, page or 2 to 20 inches"),
        ("curves", {"width": 1.5}, "width must be column, page or 2 to 20 inches"),
        ("pairs", {"width": 3}, "width must be at least 3.4 inches for pairs, but got 3"),
        ("curves", {"caption": "no"}, "caption must be true or false, but got 'no'"),
        ("curves", {"title": " "}, "title must be text, but got ' '"),
    ],
)
def test_what_is_no_frame_is_refused(played, name, options, message):
    with pytest.raises(SweeperError, match=message) as raised:
        figures.render(played(whole, axes=AXES), name, options)
    assert raised.value.exit_code == 2


def test_limits_along_texts_are_refused(played):
    study = played(whole, axes=AXES)
    with pytest.raises(SweeperError, match=r"xlim=0..1: sn.layers has texts"):
        figures.render(study, "sensitivity", {"x": "sn.layers", "xlim": "0..1"})


def test_two_lines_hold_what_matters_most():
    long = "where " + " and ".join(f"parameter{n} = {n}" for n in range(40))
    parts = ["n = 5 of 10 runs, 95 % intervals", long, "laptop: 5 of 10 steps"]
    text = text_layout.two_lines(parts, 3.2, text_layout.TINY_PT)
    assert text.count("\n") == 1 and text.replace("\u00a0", " ").startswith("n = 5 of 10 runs")
    assert "Where parameter0 = 0" in text.replace("\n", " ") and text.endswith("…")
    short = text_layout.two_lines(["n = 5", "", "x" * 400, "last"], 3.2, text_layout.TINY_PT)
    assert short.replace("\u00a0", " ") == "n = 5. Last.", "what has no room is left out"


def test_a_figure_says_n_intervals_part_and_what_is_lost(played):
    def went(run, labels):
        states = {0: "failed", 1: "pruned", 2: "nan"}
        return states.get(run.trial, "complete"), [(40, {"return": 1.0 + run.seed})]

    study = played(went, axes=AXES)
    caption = Data.of(study).caption(25, ["optimizer.lr"], "95 % stratified bootstrap intervals")
    assert isinstance(caption, Caption) and list(caption.parts)[:1] == ["n = 25 of 40 runs"]
    assert "1 configuration failed, 5 runs diverged, 5 runs pruned" in caption.parts
    assert np.all([part not in ("None",) for part in caption.parts])
