"""The numbers behind the pictures, what figures say, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sweeper import figures, lookup
from sweeper.errors import SweeperError
from sweeper.results.data import Data
from tests.helpers.figures import AXES, drawn, whole, words


def test_heatmap_takes_the_axes_that_vary(played):
    axes = {**AXES, "optimizer.eps": {"kind": "float", "values": [1e-4]}}
    table = drawn(played(whole, axes=axes), "heatmap").table
    assert list(table.columns[:3]) == ["sn.layers", "optimizer.lr", "point"]
    assert table["optimizer.lr"].tolist() == [1e-5, 1e-5, 1e-3, 1e-3]
    # seeds 0 … 4 in units of 2: the IQM is 2 / 2, and 12 / 2 with normalised layers
    assert table["point"].tolist() == [1.0, 6.0, 1.0, 6.0]
    assert table["n"].tolist() == [5] * 4
    assert (table["low"] < table["point"]).all() and (table["point"] < table["high"]).all()


def test_axes_that_are_zipped_are_shown_as_one(played):
    keys = {"axes": AXES, "zip": [["optimizer.lr", "optimizer.eps"]]}
    study = played(whole, **keys)
    picture = drawn(study, "sensitivity", x="optimizer.lr")
    assert list(picture.table.columns[:2]) == ["sn.layers", "optimizer.lr"]
    assert "Zipped: optimizer.eps with optimizer.lr" in words(picture)
    assert "Pooled" not in words(picture)
    assert "sn.layers" in drawn(study, "heatmap", x="optimizer.lr").table.columns


def test_never_the_maximum(played):
    """One lucky seed of 100 does not move the IQM of 0, 1, 2, 3, 100."""

    def lucky(run, labels):
        return "complete", [(40, {"return": 100.0 if run.seed == 4 else float(run.seed)})]

    table = drawn(played(lucky, axes=AXES), "heatmap").table
    assert table["point"].tolist() == [1.0] * 8


def test_another_metric(played):
    study = played(whole, axes=AXES)
    heat = drawn(study, "heatmap", metric="loss")
    assert heat.table["point"].tolist() == [3.0] * 8 and "loss, final at 40 steps (IQM)" in words(
        heat
    )
    band = drawn(study, "sensitivity", metric="return", hue="sn.layers")
    assert band.table["point"].tolist() == [2.0, 2.0, 12.0, 12.0]
    assert not band.table["usable"].any() and "usable" not in words(band)
    curve = drawn(study, "curves", metric="loss", hue="sn.layers")
    assert curve.table["step"].tolist() == [20, 20]


@pytest.mark.parametrize("name", ["heatmap", "sensitivity", "curves"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"hue": "optimizer.l", "x": "optimizer.l"},
            "'optimizer.l' is no axis.*did you mean",
        ),
        ({"x": "optimizer.lr", "y": "optimizer.lr", "hue": "optimizer.lr"}, "must differ"),
        ({"metric": "los"}, r"'los' is no metric.*did you mean 'loss'"),
    ],
)
def test_wrong_options(played, name, options, message):
    study = played(whole, axes=AXES)
    if name == "curves" and "x" in options:
        options = {"hue": options["hue"], "facet": options["hue"]}
    valid = lookup.keywords("sweeper.figures", name)
    chosen = {key: value for key, value in options.items() if key in valid}
    with pytest.raises(SweeperError, match=message):
        drawn(study, name, **chosen)


def test_too_many_lines_are_refused(played):
    axes = {
        "lr": {"kind": "float", "values": [float(n) for n in range(1, 12)]},
        "b": AXES["sn.layers"],
    }
    study = played(lambda run, labels: None, axes=axes)
    with pytest.raises(
        SweeperError, match="hue takes an axis of at most 8 values, but 'lr' has 11"
    ):
        drawn(study, "sensitivity", x="b", hue="lr")


def failing(run, labels):
    state, reports = whole(run, labels)
    if run.trial == 0:
        return ("failed", []) if run.seed == 1 else (state, reports)
    if run.trial == 1:
        return ("running", reports[:1]) if run.seed == 1 else (state, reports)
    if run.trial == 2 and run.seed < 2:
        return "nan", reports[:1]
    return None if run.trial == 7 else (state, reports)


def test_failed_unfinished_and_missing_cells_are_marked_and_counted(played):
    picture = drawn(played(failing, axes=AXES), "heatmap")
    said = words(picture)
    assert picture.table["point"].isna().sum() == 4
    for word in ("failed 1 of 5", "unfinished 4 of 5", "missing", "diverged 2 of 5"):
        assert word in said
    assert "n = 25 of 40 runs (8 configurations × 1 task × 5 seeds" in said
    assert "Failed: 1 configuration; pruned: 0 runs; missing: 6; diverged: 2 (worse" in said
    hatched = [patch for axes in picture.figure.axes for patch in axes.patches if patch.get_hatch()]
    assert sum(len(patch.get_path().to_polygons()) for patch in hatched) == 4


def test_a_cell_that_lacks_a_configuration_says_so(played):
    study = played(failing, axes={"pooled": {"kind": "choice", "values": list("abcdefg")}, **AXES})
    picture = drawn(study, "heatmap", x="optimizer.lr", y="optimizer.eps", facet="sn.layers")
    assert picture.table["planned"].tolist() == [35] * 8
    assert sorted(set(picture.table["n"])) == [30, 35]
    assert "Hatched corner" in words(picture) and "n = 30 to 35 runs a cell" in words(picture)


def test_too_few_seeds_are_said(played):
    study = played(whole, axes=AXES, seeds=4, note="laptop scale: 40 steps")
    for name in ("heatmap", "sensitivity", "curves"):
        picture = drawn(study, name)
        assert picture.table["low"].isna().all()
        assert "Interval unknown: fewer than 5 seeds" in words(picture)
        assert "Laptop scale: 40 steps." in words(picture)


def test_single_runs_are_drawn_where_the_interval_is_unknown(played):
    study = played(whole, axes=AXES, seeds=2)
    (ax,) = drawn(study, "sensitivity", x="optimizer.lr", hue="sn.layers").figure.axes
    points = [offset for scatter in ax.collections for offset in scatter.get_offsets()]
    assert len([point for point in points if len(point)]) >= 16
    (ax,) = drawn(study, "curves", hue="sn.layers").figure.axes
    assert len(ax.lines) == 2 + 16


@pytest.mark.parametrize("name", ["heatmap", "sensitivity", "curves"])
def test_single_axis_of_one_value(played, name):
    study = played(
        lambda run, labels: ("complete", [(40, {"return": 1.0})]),
        axes={"lr": {"kind": "float", "values": [0.1]}},
    )
    assert drawn(study, name).table["point"].tolist() in ([0.5], [1.0])


@pytest.mark.all_formats
def test_render_writes_pdf_png_svg_and_csv(played):
    figures_asked = [{"heatmap": {"x": "optimizer.lr"}}, {"curves": {"hue": "sn.layers"}}]
    study = played(whole, axes=AXES, figures=figures_asked)
    files = figures.render(study, "heatmap", {})
    assert [file.name for file in files] == [
        f"heatmap.{form}" for form in ("pdf", "png", "svg", "csv", "txt")
    ]
    assert files[0].read_bytes()[:5] == b"%PDF-" and files[1].read_bytes()[1:4] == b"PNG"
    assert "<svg " in files[2].read_text() and "<metadata>" not in files[2].read_text()
    assert len(pd.read_csv(files[3])) == 8
    assert figures.render(study, "heatmap", {"x": "optimizer.lr"})[0].name == "heatmap.pdf"
    other = figures.render(study, "heatmap", {"x": "sn.layers"})
    assert other[0].name == "heatmap-sn.layers.pdf"
    left = sorted(file.name for file in study.paths.figures.glob("[!.]*"))
    assert left == sorted(file.name for file in [*files, *other])


@pytest.mark.all_formats
def test_render_tells_several_of_one_kind_apart(played):
    asked = [{"heatmap": {"x": "optimizer.lr"}}, {"heatmap": {"x": "optimizer.eps"}}]
    study = played(whole, axes=AXES, figures=asked)
    names = [file.name for file in figures.render(study, "heatmap", {}) if file.suffix == ".pdf"]
    assert names == ["heatmap-optimizer.lr.pdf", "heatmap-optimizer.eps.pdf"]


def test_the_same_figure_twice_is_the_same(played):
    study = played(whole, axes=AXES)
    one, two = ([f.read_bytes() for f in figures.render(study, "heatmap", {})[1:]] for _ in "ab")
    assert one == two


def test_render_to_a_file(played, tmp_path):
    study = played(whole, axes=AXES)
    files = figures.render(study, "curves", {}, tmp_path / "x.png")
    assert [file.name for file in files] == ["x.png", "x.csv", "x.txt"]
    assert not list(study.paths.figures.glob("*"))


@pytest.mark.parametrize(
    ("name", "options", "out", "message"),
    [
        ("heatmp", {}, None, "did you mean 'heatmap'"),
        ("heatmap", {"hue": "optimizer.lr"}, None, "heatmap has no option 'hue'.*valid: x, y"),
        ("heatmap", {}, "x.jpg", r"one of \.pdf, \.png, \.svg"),
        ("heatmap", {}, "none/x.pdf", "a folder that exists"),
    ],
)
def test_render_refuses(played, tmp_path, name, options, out, message):
    study = played(whole, axes=AXES)
    with pytest.raises(SweeperError, match=message):
        figures.render(study, name, options, tmp_path / out if out else None)


@pytest.mark.all_formats
def test_a_figure_of_the_users_own(played, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from matplotlib.figure import Figure\n"
        "from sweeper.figures.drawing.picture import Picture\n"
        "def draw(data, *, colour=None):\n"
        "    return Picture(Figure(), data.runs)\n"
    )
    study = played(whole, axes=AXES)
    name = f"{tmp_path}/mine.py:draw"
    assert figures.render(study, name, {"colour": "red"})[0].name == "mine-red.pdf"


def test_one_bad_value_does_not_press_the_others_together(played):
    """Three learning rates score near 1, one far below the low reference."""

    def outcome(run, labels):
        value = 2.0 if labels["optimizer.lr"] < 0.1 else -30.0 - 400 * (run.seed > 3)
        return "complete", [(20, {"return": 1.0}), (40, {"return": value + 0.1 * run.seed})]

    axes = {"optimizer.lr": {"kind": "float", "values": [1e-4, 1e-3, 1e-2, 1.0]}}
    study = played(outcome, axes=axes)
    heat = drawn(study, "heatmap")
    bar = heat.figure.axes[-1]
    assert bar.get_ylim()[0] == 0, "all below the low reference has one colour"
    assert heat.table["point"].tolist()[3] < -10
    band = drawn(study, "sensitivity")
    (ax,) = band.figure.axes
    assert "cut off" in words(band)
    assert -30 < ax.get_ylim()[0] < heat.table["point"].tolist()[3]


@pytest.mark.parametrize("name", ["heatmap", "sensitivity", "curves"])
def test_a_study_whose_sampler_has_planned_nothing_yet_says_so(played, name):
    axes = {"size": {"kind": "float", "low": 0.1, "high": 1.0}}
    study = played(lambda run, labels: None, axes=axes, sampler="tpe", trials=3)
    with pytest.raises(SweeperError, match=f"{name} has nothing to show: no trial of played is"):
        figures.render(study, name, {})


def test_a_heat_map_bins_what_a_sampler_drew(played):
    axes = {
        "lr": {"kind": "float", "low": 1e-5, "high": 1.0, "log": True},
        "size": {"kind": "int", "low": 1, "high": 4},
    }

    def went(run, labels):
        return "complete", [(40, {"return": labels["size"] / 4})]

    study = played(went, axes=axes, sampler="random", trials=40, seeds=1)
    picture = lookup.find("sweeper.figures", "heatmap")(Data.of(study), x="lr", y="size")
    table = picture.table
    assert len(table) == 8 * 4 and table["n"].sum() == 40
    drawn = np.array([trial.labels["lr"] for trial in study.plan.trials])
    edges = np.geomspace(drawn.min(), drawn.max(), 9)
    expected, _ = np.histogram(np.log(drawn), np.log(edges))
    assert table.groupby("lr")["n"].sum().tolist() == expected.tolist()
    assert sorted(table["lr"].unique()) == [
        float(f"{m:.2g}") for m in np.sqrt(edges[1:] * edges[:-1])
    ]
    for size, own in table[table["n"] > 0].groupby("size"):
        assert own["point"].unique() == pytest.approx([size / 8])


def test_width_and_depth_ascend_and_every_value_is_a_label(played):
    axes = {
        "critic.units": {"kind": "int", "values": [2048, 128, 1024, 256, 512]},
        "critic.layers": {"kind": "int", "values": [1, 16, 2, 8, 4]},
    }

    def went(run, labels):
        value = labels["critic.units"] - labels["critic.layers"] + 0.1 * run.seed
        return "complete", [(40, {"return": float(value)})]

    options = {"x": "critic.layers", "y": "critic.units", "metric": "return"}
    picture = drawn(played(went, axes=axes), "heatmap", **options)
    panel = picture.figure.axes[0]
    across = [label.get_text() for label in panel.get_xticklabels()]
    up = [label.get_text() for label in panel.get_yticklabels()]
    assert across == ["1", "2", "4", "8", "16"] and up == ["128", "256", "512", "1024", "2048"]
    assert not panel.yaxis_inverted(), "rows ascend upwards"
    said = [text.get_text() for text in panel.texts]
    assert "2047.2" in said and "112.2" in said and said.count("n=5") == 25


@pytest.mark.all_formats
def test_figures_that_differ_in_an_options_name_alone_are_two_files(played):
    asked = [{"sensitivity": {"x": "optimizer.lr", key: "sn.layers"}} for key in ("hue", "facet")]
    study = played(whole, axes=AXES, figures=asked)
    files = figures.render(study, "sensitivity", {})
    assert [file.stem for file in files if file.suffix == ".pdf"] == [
        "sensitivity-x_optimizer.lr-hue_sn.layers",
        "sensitivity-x_optimizer.lr-facet_sn.layers",
    ]


@pytest.mark.all_formats
def test_several_metrics_name_their_file(played):
    study = played(whole, axes=AXES)
    (pdf, *_) = figures.render(study, "curves", {"metric": ["return", "loss"]})
    assert pdf.name == "curves-return_loss.pdf"
    with pytest.raises(SweeperError, match=r"heatmap takes one metric, but got the list \['retu"):
        figures.render(study, "heatmap", {"metric": ["return", "loss"]})
