"""`sweeper play`: what is kept of a run, evaluated and filmed again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sweeper.files import video
from sweeper.study import studies
from tests.helpers.command import call

SPACE = {
    "study": "kept",
    "agent": "dqn",
    "fixed": {"warmup_steps": 20, "network.convs": [4], "network.units": 8},
    "axes": {"gamma": {"kind": "choice", "values": [0.9, 0.99]}},
    "tasks": {"minatar/breakout": {"low": 0, "high": 10}},
    "seeds": 1,
    "steps": 60,
    "evaluation": {"every": 30, "episodes": 2, "cap": 12},
    "score": {"metric": "return"},
    "checkpoint": {"keep": "best"},
    "figures": [],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of studies: `kept`, which kept weights, and `bare`, which did not."""
    folder = tmp_path_factory.mktemp("play")
    file, studies = folder / "kept.yaml", folder / "studies"
    file.write_text(yaml.safe_dump(SPACE))
    assert call("run", str(file), f"root={studies}", "dispatch=inline") == 0
    few = ("checkpoint.keep=none", "axes.gamma.values=[0.9]", "name=bare")
    assert call("run", str(file), f"root={studies}", "dispatch=inline", *few) == 0
    return studies


@pytest.fixture
def play(root, capsys):
    """The exit code and what the command prints, given these words."""
    runs = sorted(path.stem for path in (root / "kept" / "weights").iterdir())

    def play(*words):
        capsys.readouterr()
        code = call("play", f"root={root}", *(word.format(*runs) for word in words))
        found = capsys.readouterr()
        return code, found.out + found.err

    return play


def frames(path: Path) -> int:
    if path.suffix == ".mp4":
        return pytest.importorskip("imageio_ffmpeg").count_frames_and_secs(path)[0]
    return len(pytest.importorskip("imageio.v2").mimread(path))


def test_it_evaluates_and_films(play, root):
    code, text = play("study=kept", "run={0}")
    about, told, film = text.splitlines()
    (file,) = (root / "kept" / "videos").iterdir()
    assert code == 0 and about.startswith(f"run {file.stem}: trial ")
    assert "over 2 episodes" in told and "as reported at step " in told
    assert film.startswith(f"video: {file} (") and 1 < frames(file) <= 13


def test_more_episodes_a_shorter_film_and_another_file(play, tmp_path):
    out = tmp_path / "a.mp4"
    code, text = play("study=kept", "run={1}", "episodes=3", "seconds=1", f"out={out}")
    assert code == 0 and "over 3 episodes" in text and frames(out) <= 10
    assert list(tmp_path.iterdir()) == [out]
    code, text = play("study=kept", "run={1}", "video=false")
    assert code == 0 and "video" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("study=kept",), "run= is needed"),
        (("study=kept", "run=zzz"), "there is no run 'zzz'"),
        (("study=kept", "run={0}", "out=a.avi"), "out= must end in one of .gif, .mp4"),
        (("study=kept", "run={0}", "out=nowhere/a.gif"), "in a folder that exists"),
        (("study=kept", "run={0}", "episodes=0"), "episodes must be a whole number from 1"),
        (("study=kept", "run={0}", "video=no"), "video must be true or false"),
        (("study=kept", "run={0}", "video=false", "out=a.gif"), "video=false leaves out"),
        (("study=kept", "run={0}", "episode=3"), "did you mean 'episodes'?"),
    ],
)
def test_a_mistake_is_told(play, words, message):
    code, text = play(*words)
    assert code == 2 and message in text


def test_a_study_that_kept_none_says_how_to_keep_them(play, root):
    (run,) = studies.find("bare", root).plan.runs
    code, text = play("study=bare", f"run={run.id}")
    assert code == 2 and "checkpoint.keep=final or checkpoint.keep=best" in text


def test_damaged_weights_are_told(play, root):
    (file, *_) = sorted((root / "kept" / "weights").iterdir())
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    try:
        code, text = play("study=kept", "run={0}", "video=false")
    finally:
        file.write_bytes(whole)
    assert code == 2 and "cannot be played" in text and "no whole checkpoint" in text


def test_without_the_package_the_evaluation_stays(play, monkeypatch, tmp_path):
    monkeypatch.setattr(video, "missing", lambda ending: f"a {ending} needs imageio")
    code, text = play("study=kept", "run={0}")
    assert code == 0 and "as reported" in text and "no video of minatar/breakout: a .gif" in text
    code, text = play("study=kept", "run={0}", f"out={tmp_path / 'a.gif'}")
    assert code == 2 and "a .gif needs imageio" in text


def test_a_run_that_diverged_has_none_and_will_have_none(root, capsys):
    wild = ("axes.gamma.values=[0.9]", "fixed.optimizer.lr=1e30", "checkpoint.keep=final")
    words = (f"root={root}", "dispatch=inline", "name=wild", *wild)
    call("run", str(root.parent / "kept.yaml"), *words)
    (run,) = studies.find("wild", root).plan.runs
    capsys.readouterr()
    assert call("play", f"root={root}", "study=wild", f"run={run.id}") == 2
    said = capsys.readouterr().err
    assert "which ended as nan" in said and "once it has ended" not in said
