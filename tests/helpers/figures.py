"""Figures of studies that nobody ran, for tests."""

from __future__ import annotations

from matplotlib.text import Text

from sweeper import lookup
from sweeper.figures.drawing import style
from sweeper.results.data import Data

OF_SOME = ("claims", "compare", "consistency", "pareto", "schedule", "surface")
"""`claims` is of spaces that make some, `compare` of those with published numbers, `consistency`
of grids on several tasks, `pareto` of those with several scores, `schedule` of populations, and
`surface` of analyses that keep surfaces."""

OF_ANY_STUDY = [name for name in lookup.names("sweeper.figures") if name not in OF_SOME]

AXES = {
    "optimizer.lr": {"kind": "float", "values": [1e-3, 1e-5]},
    "optimizer.eps": {"kind": "float", "values": [1e-4, 1e-2]},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]"]},
}


def whole(run, labels):
    """The seed, plus 10 where the layers are normalised."""
    value = run.seed + 10.0 * (labels["sn.layers"] != "none")
    return "complete", [(20, {"return": value / 2, "loss": 3.0}), (40, {"return": value})]


def drawn(study, name, **options):
    with style.context():
        return lookup.find("sweeper.figures", name)(Data.of(study), **options)


def words(picture):
    """What a figure says, and its whole caption."""
    said = " ".join(text.get_text() for text in picture.figure.findobj(Text))
    said += f" {picture.caption}"
    return said.replace("\n", " ").replace("\u00a0", " ")
