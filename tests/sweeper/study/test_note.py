"""What people write about a study: kept with it, shown where the study is, found by its tags."""

from __future__ import annotations

import json

import pytest

from sweeper.report.page.overview import space_facts
from sweeper.report.status import summarise
from sweeper.study import note, studies
from tests.helpers.command import call


@pytest.fixture
def said(make_study, capsys):
    """The exit code and what a command prints, given these words, for the study `hops`."""
    root = make_study().folder.parent

    def said(*words):
        capsys.readouterr()
        code = call(words[0], f"root={root}", *words[1:])
        found = capsys.readouterr()
        return code, found.out + found.err

    return said


def test_it_is_written_shown_changed_and_taken_away(said, tmp_path):
    study = studies.find("hops", tmp_path / "studies")
    assert said("note", "study=hops") == (0, "hops: no tags\nno note\n")
    text = "ε of 3e-4 was a mistake\nsee m2"
    code, told = said("note", "study=hops", f"text={text}", "tags=paper, rerun,paper")
    assert (code, told) == (0, f"hops: paper, rerun\n{text}\n")
    assert said("note", "study=hops", "tags=late")[1] == f"hops: late\n{text}\n"
    status = said("status", "study=hops")[1]
    assert status.startswith("hops: 12 runs: 12 open [late]\n  note: ε of 3e-4 was a mistake\n")
    found = json.loads(said("status", "study=hops", "format=json")[1])
    assert (found["note"], found["tags"]) == (text, ["late"])
    assert {("tags", "late"), ("note of the study", text)} <= {*space_facts(study)}
    assert said("note", "study=hops", "text=none", "tags=none")[1] == "hops: no tags\nno note\n"
    assert not study.paths.note.exists()


def test_studies_are_found_by_a_tag(said, make_study):
    make_study(name="other")
    said("note", "study=other", "tags=paper")
    assert said("studies", "tag=paper")[1] == "other: 12 runs: 12 open [paper]\n"
    assert "no studies with the tag 'papr'" in said("studies", "tag=papr")[1]
    assert len(said("studies")[1].splitlines()) == 2


def test_it_goes_with_the_study(said):
    said("note", "study=hops", "tags=paper")
    assert said("rename", "study=hops", "to=moved")[0] == 0
    assert said("note", "study=moved")[1].startswith("moved: paper\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("study=hops", "tags=a b"), "tags must be words of at most 50 letters"),
        (("study=hops", f"tags={'a' * 51}"), "tags must be words of at most 50 letters"),
        (("study=hops", f"text={'a' * 10_001}"), "text must have at most 10,000 characters"),
        (("text=mine",), "study= is needed"),
        (("study=hops", "tag=a"), "did you mean 'tags'?"),
    ],
)
def test_a_mistake_is_told(said, words, message):
    code, text = said("note", *words)
    assert code == 2 and message in text


@pytest.mark.parametrize("content", [b"", b"[]", b'{"text": 1, "tags": []}', b"\xff"])
def test_a_damaged_note_is_named_and_can_be_written_anew(said, tmp_path, content):
    study = studies.find("hops", tmp_path / "studies")
    study.paths.note.write_bytes(content)
    told = [one.what for one in summarise(study).unsound if one.file == "note.json"]
    assert told == ["is damaged"] and note.read(study.paths) is None
    assert said("note", "study=hops", "tags=again")[1] == "hops: again\nno note\n"
