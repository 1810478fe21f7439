"""What a note says goes when a scale or a word makes it false."""

from __future__ import annotations

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning import shipped_spaces
from sweeper.planning.loading import load, unchecked
from sweeper.results.data import Data
from sweeper.space.overrides import parse_words
from tests.helpers.cases import each
from tests.helpers.figures import AXES, drawn, whole, words

SPACE = {
    "study": "noted",
    "function": "file.py:train",
    "axes": {"lr": {"kind": "float", "values": [0.1, 0.2]}},
    "tasks": {"line": {"low": 0.0, "high": 2.0}},
    "seeds": 2,
    "steps": 40,
    "score": {"metric": "return"},
}
PARTS = [
    {"text": "a short run", "about": ["steps"]},
    {"text": "two rates", "about": ["axes.lr.values"]},
    {"text": "a line", "about": ["tasks"]},
]


@pytest.fixture
def noted(tmp_path):
    """Loads a space with these keys, changed by these words."""
    (tmp_path / "file.py").write_text("def train(config, run):\n    return 0.0\n")

    def load_it(*changes, scale=None, **keys):
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
        return load(tmp_path / "s.yaml", scale, parse_words(changes, ())[1])

    return load_it


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([], "A short run. Two rates. A line"),
        (["steps=50"], "Two rates. A line"),
        (["steps=4e1"], "A short run. Two rates. A line"),
        (["seeds=9"], "A short run. Two rates. A line"),
        (["axes.lr.values=[0.3]"], "A short run. A line"),
        (["axes.lr={kind: float, values: [0.1, 0.3]}"], "A short run. A line"),
        (["tasks.line.high=3"], "A short run. Two rates"),
        (["steps=50", "tasks.line.high=3"], "two rates"),
        (["steps=50", "tasks.line.high=3", "axes.lr.values=[1]"], None),
        (["note=mine", "steps=50"], "mine"),
        (["note=null"], None),
    ],
)
def test_a_sentence_goes_with_the_keys_that_it_is_about(noted, changes, said):
    assert noted(*changes, note=PARTS).note == said


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        (["seeds=5"], True),
        (["figures=[curves]"], True),
        (["limits.deaths=9"], True),
        (["steps=40"], True),
        (["steps=50"], False),
        (["axes.lr.values=[0.3]"], False),
        (["score.at=max"], False),
        (["direction=minimize"], False),
    ],
)
def test_a_plain_note_goes_with_anything_about_runs_or_scores(noted, changes, stays):
    assert noted(*changes, note="a short run.").note == ("a short run." if stays else None)


def test_the_note_of_a_scale_goes_likewise(noted):
    scales = {"laptop": {"steps": 20, "note": PARTS}, "smoke": {"steps": 2, "note": "tiny"}}
    assert noted(note="of the file", scales=scales).note == "A short run. Two rates. A line"
    assert noted("steps=30", note="of the file", scales=scales).note == "Two rates. A line"
    assert noted(scale="smoke", scales=scales).note == "tiny"
    assert noted("steps=30", scale="smoke", scales=scales).note is None


def test_a_scale_changes_what_the_files_own_note_speaks_of(noted):
    assert noted(note=PARTS, scales={"laptop": {"steps": 20}}).note == "Two rates. A line"
    assert noted(note="plain", scales={"laptop": {"steps": 20}}).note == "plain"


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"text": "x"}, r"note must be text, or \{text: …, about: \[keys that it speaks of\]\}"),
        ([{"text": "x", "about": []}], r"note\[0\].about must hold at least one value"),
        ([{"text": "x", "about": ["stps"]}], r"'stps', which is no key of a space.*mean 'steps'"),
        ([{"text": "x", "about": ["fixed.gama"]}], "neither the space nor its scale sets"),
        ([{"text": "", "about": ["steps"]}], r"note\[0\].text must be text that is not empty"),
        (3, "note must be text"),
    ],
)
def test_a_note_that_is_none_is_refused(noted, note, message):
    with pytest.raises(SweeperError, match=message):
        noted(note=note)


def test_words_are_remembered_and_stand_in_captions(played, tmp_path):
    study = played(whole, axes=AXES)
    assert "hanged by hand" not in words(drawn(study, "heatmap"))
    space = load(tmp_path / "played.yaml", None, parse_words(["steps=50", "seeds=3"], ())[1])
    assert space.changed == ("steps=50",), "seeds are counted anyway"
    data = Data.of(study)
    changed = data.origin.__class__(**{**vars(data.origin), "by_hand": space.changed})
    caption = data.__class__(data.tables, data.choice, changed).caption(1, [], "x")
    assert caption.endswith("Changed by hand: steps=50.")


TRAINED = [path for path, _ in shipped_spaces.spaces() if "\nanalysis:" not in path.read_text()]


@each("path", TRAINED)
def test_every_shipped_note_says_what_it_is_about(path):
    """Other steps leave no sentence about steps, at whatever scale."""
    scales = yaml.safe_load(path.read_text())["scales"]
    scales = {name: keys for name, keys in scales.items() if keys is not None}
    for scale in scales:
        steps = unchecked(path, scale).steps + 10
        other = load(path, scale, parse_words([f"steps={steps}"], ())[1])
        assert "steps=" in other.changed[0]
        if scale == "smoke":
            assert other.note is None
        notes = [keys["note"] for keys in scales.values() if "note" in keys]
        assert all(isinstance(note, dict | list) for note in notes)


def test_the_laptop_note_of_the_main_space_goes_with_its_schedules():
    path = next(path for path, _ in shipped_spaces.spaces() if path.stem == "minatar_adam_sn")
    assert "compressed" in (load(path).note or "")
    for word in ("fixed.epsilon.decay_until=20000", "steps=70000", "fixed.warmup_steps=5"):
        assert "schedules are compressed" not in (
            load(path, None, parse_words([word], ())[1]).note or ""
        )
