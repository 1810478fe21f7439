"""Letters that the figures' font lacks are told once, in a line of ours."""

from __future__ import annotations

import warnings

from sweeper import figures
from tests.contracts.test_figures import outcome


def test_letters_without_a_shape_are_named(played, capsys):
    axes = {
        "网络": {"kind": "choice", "values": ["深", "wide"]},
        "lr": {"kind": "float", "values": [1e-4, 1e-3], "title": "step size η"},
    }
    study = played(outcome(0.0), axes=axes)
    for name in ("heatmap", "curves", "pairs"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figures.render(study, name, {})
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith(f"sweeper: {name}: the figures' font lacks ")
        assert set("网络") <= set(lines[0]) and "η" not in lines[0]


def test_nothing_is_said_of_letters_that_are_there(played, capsys):
    study = played(outcome(0.0), axes={"η": {"kind": "choice", "values": ["−1 × ½", "10⁻³…"]}})
    figures.render(study, "heatmap", {})
    assert capsys.readouterr().err == ""
