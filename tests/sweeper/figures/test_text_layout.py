"""Which labels figures show, and how they write numbers."""

from __future__ import annotations

from itertools import pairwise

import matplotlib
import numpy as np
import pytest

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.cells import heatmap_cells
from sweeper.results.axis import Axis
from sweeper.results.tables import number_text


@pytest.mark.parametrize(
    ("labels", "log"),
    [
        ((1e-5, 1e-4, 1e-3), True),
        ((3.125e-4, 1e-2), True),
        ((128, 256, 512, 1024, 2048), True),
        ((0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.9, 0.99), False),
        ((0.0, 1e-4, 1e-2), False),
        ((1, 2, 3, 4, 5, 6), False),
        ((1.0,), False),
    ],
)
def test_which_axes_are_logarithmic(labels, log):
    assert Axis("a", labels, True).log is log


def test_an_axis_is_as_logarithmic_as_the_space_says():
    """However the numbers that a sampler drew of it happen to lie."""
    drawn = tuple(np.sort(10 ** np.random.default_rng(3).uniform(-5, -1, 60)))
    assert Axis("lr", drawn, True, drawn=True, logged=True).log
    even = tuple(np.sort(np.random.default_rng(3).uniform(1e-3, 1.0, 60)))
    assert not Axis("tau", even, True, drawn=True, logged=False).log


@pytest.mark.parametrize(
    ("labels", "keys", "said"),
    [
        ((1.2e-5, 3e-4, 7e-2), {"logged": True}, ["10⁻⁴", "10⁻³", "10⁻²"]),
        ((0.0123, 0.4, 0.987), {"logged": False}, ["0.2", "0.4", "0.6", "0.8"]),
        ((31, 45, 200), {"logged": False}, ["50", "100", "150", "200"]),
        ((2.0, 3.1, 7.7), {"logged": True}, ["2", "3", "4", "5", "6", "7"]),
        ((-3.7, 0.1, 4.2), {"logged": False}, ["-2", "0", "2", "4"]),
    ],
)
def test_numbers_that_a_sampler_drew_have_round_ticks(labels, keys, said):
    axis = Axis("a", labels, True, drawn=True, **keys)
    places, texts = number_text.ticks(axis)
    assert texts == said
    assert len(places) == len(texts) and (np.diff(places) > 0).all()
    assert axis.places[0] <= places[0] and places[-1] <= axis.places[-1]


def test_the_few_numbers_of_a_grid_have_a_tick_each():
    places, texts = number_text.ticks(Axis("a", (1e-5, 2.5e-4, 1e-3), True))
    assert (
        texts == ["10⁻⁵", "2.5×10⁻⁴", "10⁻³"]
        and places.tolist() == np.log10([1e-5, 2.5e-4, 1e-3]).tolist()
    )


def test_tick_texts():
    lr = Axis("lr", (1e-5, 2.5e-4, 1e-3), True)
    assert number_text.texts(lr) == ["10⁻⁵", "2.5×10⁻⁴", "10⁻³"]
    assert number_text.texts(Axis("width", (128, 2048), True)) == ["128", "2048"]
    assert number_text.texts(Axis("alpha", (0.1, 0.99), True)) == ["0.1", "0.99"]
    assert number_text.texts(Axis("sn", ("none", "sn[-2]"), False)) == ["none", "sn[-2]"]


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([0.4, -0.1], 2), ([0.012], 3), ([52.0], 1), ([5230.0], 0), ([np.nan], 2), ([7.5], 2)],
)
def test_decimals(values, decimals):
    assert number_text.decimals(values) == decimals


def test_numbers_in_cells():
    assert number_text.fixed(-0.123, 2) == "−0.12"
    assert number_text.fixed(-0.0001, 2) == "0.00"
    assert number_text.fixed(1234567.0, 0) == "1.23e+06"


def test_labels_are_folded_turned_or_left_out():
    def labels(texts, *inches, numeric=False):
        return text_layout.x_labels(texts, np.array(inches), numeric=numeric)

    long = ["a long description of it", "another long description of it"]
    assert labels(long, 0.0, 0.9).texts[1].count("\n") == 1
    tasks = ["box2d/BipedalWalker-v3", "mujoco/Hopper-v4"]
    assert labels(tasks, 0.0, 0.9).texts[0] == "box2d/\nBipedalWalker-v3"
    turned = labels(long, 0.0, 0.3)
    assert turned.turned and turned.texts[1].endswith("…") and turned.height > 0.5
    many = [f"0.{n}" for n in range(1, 10)]
    kept = labels(many, *np.linspace(0.0, 1.2, 9), numeric=True)
    assert kept.texts[:4] == ["0.1", "", "0.3", ""] and not kept.turned


def test_each_of_few_numbers_has_a_label_however_close_they_lie():
    close = text_layout.x_labels(["0.9", "0.99", "0.999"], np.array([0, 1.8, 2.0]), numeric=True)
    assert close.texts == ["0.9", "0.99", "\n0.999"] and not close.turned
    assert close.height == pytest.approx(0.22)
    six = ["0.8", "0.98", "0.998", "0.9", "0.99", "0.999"]
    inches = np.sort([0, 1.8, 1.98, 1.0, 1.9, 1.99])
    found = text_layout.x_labels(sorted(six), inches, numeric=True)
    assert [text.strip() for text in found.texts] == sorted(six)


def test_labels_are_pinched_and_names_parted_at_their_last_dot():
    size = text_layout.SMALL_PT
    long = "a long description of number 2"
    short = text_layout.without_middle(long, 1.0, size)
    assert short.startswith("a long") and "…" in short and short.endswith("2")
    assert text_layout.width_in(short, size) <= 1.0
    assert text_layout.without_middle("sn[-2]", 1.0, size) == "sn[-2]"
    assert text_layout.named("optimizer.lr", 1.0, size) == "optimizer.lr"
    assert text_layout.named("asymmetry.alpha", 0.6, size) == "asymmetry.\nalpha"
    assert text_layout.named("connectivity", 0.3, size).endswith("…")


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (("dmc_pixels/cartpole-swingup", "minatar/asterix"), "cartpole-swingup"),
        (("dmc_pixels/cartpole-swingup", "dmc/cartpole-swingup"), "dmc_pix…-swingup"),
        (("dmc/walker-run", "dmc_pixels/walker-run"), "dmc/walker-run"),
    ],
)
def test_a_task_above_a_narrow_panel_leaves_out_its_family_before_it_is_cut(tasks, said):
    size = text_layout.BASE_PT
    width = text_layout.width_in("cartpole-swingup", size) + 0.01
    grid = style.panels(1, 1, 3.0, 2.0, "")
    found = style.panel_title(Axis("task", tasks, numeric=False), 0, grid, width)
    assert ("…" in found) if "…" in said else found == said
    assert text_layout.width_in(found, size) <= width


def test_numbers_in_cells_can_be_read_on_every_colour():
    """Contrast of WCAG 2, at least 4.5 : 1."""
    colours = matplotlib.colormaps[style.COLOURS]
    for share in np.linspace(0.0, 1.0, 101):
        colour = np.array(colours(share)[:3])
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        light = linear @ [0.2126, 0.7152, 0.0722] + 0.05
        assert (
            1.05 / light if heatmap_cells.ink(colours(share)) == "white" else light / 0.05
        ) >= 4.5


@pytest.mark.parametrize("text", ["one two three " * 20, "W" * 300, f"a {'i' * 200} b 95 %", ""])
def test_filled_lines_hold_all_words_and_are_no_wider_than_asked(text):
    lines = text_layout.filled(text.strip(), 2.0, 6.0).split("\n")
    assert all(text_layout.width_in(line, 6.0) <= 2.0 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    joined = [f"{a} {b.split(' ')[0]}" for a, b in pairwise(lines)]
    assert all(text_layout.width_in(line, 6.0) > 2.0 for line in joined), "lines are full"
    assert "95\u00a0%" in lines[-1] or "%" not in text


@pytest.mark.parametrize("caption", ["all words of it " * 40, "W" * 300, "illi.:'! " * 90])
@pytest.mark.parametrize("width", [style.COLUMN_IN, style.PAGE_IN])
@pytest.mark.parametrize("dpi", [100, 250])
def test_a_caption_stays_on_its_figure(caption, width, dpi):
    with style.context():
        figure = style.panels(1, 1, width, 1.5, caption).figure
        figure.set_dpi(dpi)
        figure.draw_without_rendering()
        (text,) = figure.texts
        assert text.get_window_extent().x1 <= width * dpi
