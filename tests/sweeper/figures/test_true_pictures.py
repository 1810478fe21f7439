"""Faults that figures had: what was hidden, bent, or said the wrong way round."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from sweeper.figures.drawing.cells.shades import shades_of
from sweeper.results.data import Data
from sweeper.results.tables import table
from tests.helpers.figures import drawn, words

LR = {"kind": "float", "values": [1e-5, 1e-4, 1e-3]}
NET = {"kind": "choice", "values": ["s", "m"]}


def ended(value, **more):
    return "complete", [(40, {"return": float(value), **more})]


def on_log(run, labels):
    return ended(4 - abs(np.log10(labels["lr"]) + 3) + run.seed / 100)


SAMPLED = {"lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}, "net": NET}


@pytest.fixture
def sampled(played):
    return played(on_log, axes=SAMPLED, sampler={"random": {"seed": 0}}, trials=60, seeds=1)


@pytest.mark.parametrize("name", ["sensitivity", "scaling"])
def test_sampled_values_stand_on_a_log_axis_with_round_ticks(sampled, name):
    (ax,) = drawn(sampled, name, x="lr", hue="net").figure.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10⁻⁴", "10⁻³", "10⁻²"]
    assert ax.get_xticks().tolist() == [-4, -3, -2]
    xs = np.concatenate([line.get_xdata() for line in ax.lines])
    numbers = [np.log10(trial.labels["lr"]) for trial in sampled.plan.trials]
    assert max(min(abs(xs - number)) for number in numbers) < 0.01


def test_bins_of_a_heat_map_are_in_log_space_where_the_axis_is(sampled):
    picture = drawn(sampled, "heatmap", x="lr", y="net")
    middles = np.log(sorted(picture.table["lr"].unique()))
    assert np.ptp(np.diff(middles)) < 0.1, "of two digits each"


def test_a_linear_range_has_linear_bins_however_its_numbers_lie(played):
    axes = {"tau": {"kind": "float", "low": 1e-4, "high": 1.0}}
    study = played(
        lambda run, labels: ended(labels["tau"]),
        axes=axes,
        sampler={"random": {"seed": 0}},
        trials=30,
        seeds=1,
    )
    middles = drawn(study, "heatmap", x="tau").table["tau"].tolist()
    assert np.ptp(np.diff(middles)) < 0.02


@pytest.mark.parametrize("name", ["sensitivity", "scaling"])
def test_categories_are_not_joined_by_lines(played, name):
    axes = {"net": NET, "lr": LR}
    study = played(lambda run, labels: ended(run.seed), axes=axes)
    for x, joined in (("net", False), ("lr", True)):
        picture = drawn(study, name, x=x, hue="lr" if x == "net" else "net")
        (ax,) = picture.figure.axes
        points = [line for line in ax.lines if len(line.get_xdata()) == len(axes[x]["values"])]
        styles = {line.get_linestyle() for line in points if line.get_marker() in "os^"}
        assert ("None" in styles) != joined
        assert bool(ax.collections) and bool(ax.patches) is False
        bands = [one for one in ax.collections if "Fill" in type(one).__name__]
        assert bool(bands) == joined
        (legend,) = picture.figure.legends
        assert (legend.get_lines()[0].get_linestyle() == "None") != joined


def facetted(run, labels):
    return ended((1.0 if labels["net"] == "s" else 90.0) + run.seed + labels["lr"])


@pytest.mark.parametrize("name", ["sensitivity", "scaling", "distributions"])
@pytest.mark.parametrize("options", [{}, {"metric": "return"}])
def test_facets_of_one_metric_have_one_scale(played, name, options):
    study = played(facetted, axes={"lr": LR, "net": NET})
    one, two = drawn(study, name, facet="net", **options).figure.axes
    assert one.get_ylim() == two.get_ylim() and one.get_xlim() == two.get_xlim()


def test_minimised_says_below(played):
    """Of scores of 0.2, 0.5 and 0.8 those of at most 1 − 0.8 · 0.8 are usable."""
    went = {1e-5: 0.4, 1e-4: 1.0, 1e-3: 1.6}
    study = played(
        lambda run, labels: ended(went[labels["lr"]]), axes={"lr": LR}, direction="minimize"
    )
    said = words(drawn(study, "sensitivity"))
    assert "scores of at most 0.36" in said and "from the high reference" in said
    assert "at least" not in said and "above" not in said
    worse = played(lambda run, labels: ended(3.0), axes={"lr": LR}, direction="minimize")
    assert "no score is better than the high reference" in words(drawn(worse, "sensitivity"))
    profile = drawn(study, "distributions", hue="lr")
    assert profile.figure.axes[0].get_ylabel() == "share of runs with score < τ"


def test_gains_are_above_0_where_the_value_became_better(played):
    """The axes go from 3 to 1, which is better where smaller is; a loss goes the other way."""
    axes = {"lr": {"kind": "float", "values": [1e-4, 1e-3], "default": 1e-4}}

    def went(run, labels):
        better = labels["lr"] > 5e-4
        return ended((1.0 if better else 3.0) + run.seed / 10, loss=9.0 if better else 5.0)

    study = played(went, axes=axes, direction="minimize", tasks={"t": {"low": 0, "high": 1}})
    picture = drawn(study, "ablation")
    assert picture.table["gain"].tolist()[1:] == pytest.approx([2.0])
    assert "+2.0" in words(picture) and "above 0 where the value fell" in words(picture)
    loss = drawn(study, "ablation", metric="loss")
    assert loss.table["gain"].tolist()[1:] == [4.0]
    assert "change [95 %]" in words(loss) and "Changes of loss, above 0 where it grew" in words(
        loss
    )


LUMINANCE = [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("smaller", [False, True])
def test_the_better_is_the_darker_in_colour_and_in_grey(smaller):
    values = np.linspace(0.1, 0.9, 9)
    shades = shades_of(values, smaller=smaller, scored=True)
    light = [shades.of(value)[:3] @ np.array(LUMINANCE) for value in values]
    assert (np.diff(light) > 0).all() if smaller else (np.diff(light) < 0).all()


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_heat_map_and_pairs_have_one_rule_for_colours(played, direction):
    axes = {"lr": LR, "net": NET}
    study = played(
        lambda run, labels: ended(-np.log10(labels["lr"]) / 5), axes=axes, direction=direction
    )
    which = {"minimize": "lower", "maximize": "higher"}[direction]
    for name, place in (("heatmap", 0), ("pairs", 1)):
        picture = drawn(study, name)
        assert f"the {which}, and better, the darker" in words(picture).lower()
        (mesh,) = [one for ax in picture.figure.axes for one in ax.collections if is_cells(one)][:1]
        colours = mesh.cmap([0.1, 0.9]) @ np.array([*LUMINANCE, 0.0])
        assert (colours[0] < colours[1]) == (direction == "minimize"), (name, place)


def is_cells(artist):
    return "QuadMesh" in type(artist).__name__ or "PolyQuadMesh" in type(artist).__name__


def test_of_a_metric_that_nobody_scores_no_colour_is_better(played):
    study = played(lambda run, labels: ended(1.0, loss=labels["lr"]), axes={"lr": LR, "net": NET})
    for name in ("heatmap", "pairs"):
        said = words(drawn(study, name, metric="loss")).lower()
        assert "the higher the darker" in said and "better" not in said and "the best" not in said


@pytest.mark.parametrize(
    ("direction", "said"),
    [
        ("maximize", "all below 0, the low reference, alike (2 cells)"),
        ("minimize", "all above 1, the high reference, alike (2 cells)"),
    ],
)
def test_colours_that_end_at_a_reference_say_so(played, direction, said):
    far = {1e-5: 1.9, 1e-4: 1.0, 1e-3: -30.0}
    sign = 1 if direction == "maximize" else -1

    def went(run, labels):
        value = far[labels["lr"]]
        return ended(value if sign > 0 else 2.0 - value)

    study = played(went, axes={"lr": LR, "net": NET}, direction=direction)
    picture = drawn(study, "heatmap")
    assert said in words(picture)
    bar = picture.figure.axes[-1]
    assert bar.get_ylim()[sign < 0] == (0.0 if sign > 0 else 1.0)
    near = drawn(played(facetted, axes={"lr": LR, "net": NET}, direction=direction), "heatmap")
    assert "alike" not in words(near)


def test_an_interval_beyond_the_axis_has_an_arrow_and_its_end_is_said(played):
    def went(run, labels):
        if labels["lr"] < 5e-4:
            return ended(1.0 + run.seed / 10)
        return ended(-4000.0 if run.seed == 4 else run.seed / 10)

    study = played(went, axes={"lr": LR})
    for name in ("sensitivity", "scaling", "curves"):
        options = {"hue": "lr"} if name == "curves" else {"x": "lr"}
        picture = drawn(study, name, **options)
        (ax,) = picture.figure.axes
        low = ax.get_ylim()[0]
        beyond = picture.table["low"] < low
        (arrows,) = [line for line in ax.lines if line.get_gid() == "cut off"]
        assert arrows.get_ydata().tolist() == [low] and beyond.sum() == 1
        end = f"{picture.table['low'].min():.0f}".replace("-", "−")
        said = "An interval is cut off at the axis, where arrows stand: the furthest end at"
        assert f"{said} {end}" in words(picture)


def test_scores_beyond_a_profile_are_counted(played):
    def went(run, labels):
        return ended(-4000.0 if (labels["lr"], run.seed) == (1e-3, 4) else run.seed / 10)

    said = words(drawn(played(went, axes={"lr": LR}), "distributions"))
    assert "Beyond the x axis, but counted: 1 run at −2000" in said


@pytest.mark.parametrize(
    ("at", "steps", "said"),
    [
        ("final", 40, "normalised score, final at 40 steps (IQM)"),
        ("max", 35000, "normalised score, max over 35k steps (IQM)"),
        ("auc", 1500000, "normalised score, auc over 1.5M steps (IQM)"),
        ("final", 12345, "normalised score, final at 12,345 steps (IQM)"),
        ("final", 1, "normalised score, final (IQM)"),
    ],
)
def test_the_axis_names_the_point_of_the_curve(played, at, steps, said):
    score = {"metric": "return", "at": at}
    study = played(lambda run, labels: None, axes={"lr": LR}, score=score, steps=steps)
    assert Data.of(study).value_label(None, []) == said


@pytest.mark.parametrize("name", ["sensitivity", "scaling", "ablation", "heatmap", "pairs"])
def test_every_axis_of_values_has_that_name(played, name):
    study = played(lambda run, labels: ended(1.0), axes={"lr": LR, "net": NET}, seeds=1)
    assert "normalised score, final at 40 steps (IQM)" in words(drawn(study, name))


def test_the_axis_of_a_profile_has_that_name(played):
    study = played(lambda run, labels: ended(1.0), axes={"lr": LR}, seeds=1)
    (ax,) = drawn(study, "distributions").figure.axes
    assert ax.get_xlabel() == "normalised score τ, final at 40 steps"


def test_a_point_that_lacks_configurations_is_ringed_and_is_no_best(played):
    """At 1e-4 the worse of two networks is missing, so that its average is the highest."""

    def went(run, labels):
        if labels["lr"] == 1e-4 and labels["net"] == "s":
            return None
        value = {1e-5: 1.0, 1e-4: 0.9, 1e-3: 0.8}[labels["lr"]]
        return ended(value * (2 if labels["net"] == "m" else 1) + run.seed / 100)

    study = played(went, axes={"lr": LR, "net": NET})
    picture = drawn(study, "sensitivity", x="lr", hue="task")
    assert picture.table["point"].idxmax() == 1, "the one that lacks something looks best"
    assert picture.table["best"].tolist() == [True, False, False]
    assert not picture.table["usable"][1]
    (rings,) = [
        line
        for line in picture.figure.axes[0].lines
        if line.get_gid() == "lacking" and len(line.get_xdata())
    ]
    assert rings.get_xdata().tolist() == [-4.0]
    assert "Ringed: points that lack configurations" in words(picture)
    assert "Not every point pools the same values of net" in words(picture)
    whole = played(facetted, axes={"lr": LR, "net": NET})
    said = words(drawn(whole, "sensitivity", x="lr", hue="task"))
    assert "Ringed" not in said and "Not every" not in said


@pytest.mark.parametrize(
    ("name", "options", "point"),
    [
        ("sensitivity", {"x": "net"}, "point"),
        ("scaling", {"x": "net"}, "point"),
        ("heatmap", {"x": "net", "y": "task"}, "cell"),
        ("distributions", {"hue": "net"}, "line"),
        ("curves", {"hue": "net"}, "line"),
    ],
)
def test_what_a_sampler_drew_is_pooled_unevenly_and_that_is_said(sampled, name, options, point):
    said = words(drawn(sampled, name, **options))
    assert f"Not every {point} pools the same values of lr" in said


FOUR = {name: {"kind": "int", "values": [1, 2, 3]} for name in "abcd"}


def one_decides(run, labels):
    noise = np.random.default_rng([run.seed, run.trial]).normal()
    return ended(2.0 * (labels["a"] == 1) + 0.5 * noise)


def test_importances_that_cannot_be_told_apart_share_their_places(played):
    picture = drawn(played(one_decides, axes=FOUR), "importance")
    table = picture.table.set_index("axis")
    assert table.loc["a", ["first place", "last place"]].tolist() == [1, 1]
    others = table.loc[["b", "c", "d"]]
    assert (others["first place"] == 2).all() and (others["last place"] == 4).all()
    bars = picture.figure.axes[0].patches
    assert [to_hex(bar.get_facecolor()) == "#ffffff" for bar in bars] == [False, True, True, True]
    assert "2 to 4" in words(picture) and "cannot be told from others" in words(picture)


def test_importances_without_intervals_have_no_places(played):
    picture = drawn(played(one_decides, axes=FOUR, seeds=2), "importance")
    assert picture.table[["first place", "last place"]].isna().all(axis=None)
    assert "The order of the bars may be chance: no place is known" in words(picture)
    assert "?" in words(picture)


def one_missing(run, labels):
    """The worse of two networks has no runs with the middle learning rate."""
    if labels["lr"] == 1e-4 and labels["net"] == "s":
        return None
    return ended((2.0 if labels["net"] == "m" else 1.0) + run.seed / 100)


def test_cells_that_lack_configurations_are_counted_and_never_bold(played):
    axes = {"lr": LR, "net": NET, "size": {"kind": "int", "values": [1, 2]}}
    data = Data.of(played(one_missing, axes=axes))
    found = table.results(data, x="task", y=["lr"])
    assert found.table["point"].idxmax() == 1, "what lacks the worse network looks best"
    assert found.table["bold"].tolist() == [True, False, True]
    assert "1 cell that lacks configurations: never bold" in found.caption
    assert "Not every cell pools the same values of net" in found.caption
    pairs = words(drawn(played(one_missing, axes=axes), "pairs"))
    assert "4 cells below lack some configurations" in pairs
