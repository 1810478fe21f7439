"""The report of a study: what it says, what it keeps out, when it is written."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from sweeper.cli import command_line
from sweeper.ledger.run_record import STATES
from sweeper.planning.loading import load
from sweeper.report import background, publish
from sweeper.report.page import overview, trials
from sweeper.report.page.failures import failures
from sweeper.report.progress.work_left import WorkLeft
from sweeper.report.study_status import Provenance, StudyStatus
from sweeper.results import frames
from sweeper.results.tables.wording import measured
from sweeper.space.digest import digest
from sweeper.study.study import Study
from tests.helpers.worked_study import work

HOSTILE = "<script>alert(1)</script>\"'&\u202e ηε " + "x" * 300
AXES = {"name": {"kind": "choice", "values": [HOSTILE, "plain"]}}


class Page(HTMLParser):
    """Elements with their attributes, and all text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.inside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.inside[-1:]):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def page_of(study):
    return Page(study.paths.report.read_text())


def table_of(study):
    found = re.search(r'id="data">(.*?)</script>', study.paths.report.read_text(), re.S)
    return json.loads(found[1])


def test_it_is_there_when_a_sweep_ends(make_study):
    done = work(make_study("seeds=5"))
    page = page_of(done)
    assert "12 complete" not in page.text and "20 complete" in page.text
    assert [tag for tag, _ in page.elements].count("svg") == 1
    trained = frames.trials(done, done.ledger_state())
    found = table_of(done)
    assert found["columns"] == ["trial", "state", "value", "low", "high", "n", "width", "size"]
    assert [row[2] for row in found["rows"]] == trained["value"].tolist()
    best = trained.sort_values("value").iloc[-1]
    assert measured(best["value"], best["low"], best["high"], "5 runs") in page.text
    assert not publish.due(done, done.ledger_state())


def test_what_is_asked_for_is_said(make_study):
    made = make_study("reference=somebody 2021", "sampler=random", "trials=3", "seeds=[0,3,4]")
    told = dict(overview.space_facts(made))
    assert told["stands for"] == "somebody 2021"
    assert told["seeds"] == "3: 0, 3, 4" and told["chosen by"] == "random, 3 trials"
    assert told["tasks"].startswith("line (0 to 2)")
    study = make_study("axes.size.title=<b>step size", name="b")
    assert dict(overview.axes(study)) == {"width": "1, 2", "size (<b>step size)": "0.1, 0.3"}


def test_the_space_on_the_page_is_a_space(make_study, tmp_path):
    made = make_study("seeds=[0,2]", "axes.size.values=[1e-5,0.3]")
    (tmp_path / "again.yaml").write_text(overview.resolved(made.space))
    assert digest(load(tmp_path / "again.yaml")) == digest(made.space)


def test_hostile_names_are_text(played, monkeypatch):
    def outcome(run, labels):
        return "complete", [(40, {"return": run.seed / 10})]

    study = played(outcome, axes=AXES, note=HOSTILE, figures=["curves"])
    runs = study.ledger_state().runs
    for record in runs.values():
        vars(record).update(end=None, generation=0, error=HOSTILE)
    monkeypatch.setattr("sweeper.report.page.page.summarise", lambda *_: summary(runs))
    assert publish.draw(study, study.ledger_state())
    raw, page = study.paths.report.read_text(), page_of(study)
    assert raw.count("<script") == 2 and "alert(1)</script>" not in raw
    assert page.text.count(" ".join(HOSTILE.split())) >= 3
    assert table_of(study)["rows"][0][6] == HOSTILE
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def summary(runs):
    """What `summarise` would say of a study that nobody ran."""
    none = dict.fromkeys(STATES, 0)
    return StudyStatus(
        study="played",
        folder="",
        runs={"total": len(runs), **none, "complete": len(runs)},
        trials={"total": 2},
        progress=WorkLeft(0, 0),
        seeds={},
        unfound=0,
        workers=[],
        pruner=[],
        jobs=None,
        cancelled=None,
        best=None,
        errors={},
        raised={},
        provenance=Provenance({}, {}, {}, {}, [], {}),
        disk={},
        skipped_saves=0,
        damaged=[],
        missing=[],
        note=HOSTILE,
        tags=[],
        unsound=[],
    )


def test_nothing_comes_from_elsewhere(make_study):
    done = work(make_study("seeds=1", "figures=[heatmap, curves, sensitivity]"))
    page = page_of(done)
    for _, attributes in page.elements:
        for name, value in attributes.items():
            if name.endswith(("src", "href")):
                assert value.startswith(("#", "data:")), (name, value)
    outside = re.sub(r'xmlns(:xlink)?="[^"]*"', "", done.paths.report.read_text())
    assert not re.search(r"https?://|@import|url\((?!#)", outside)


def test_a_study_without_finished_runs(make_study, capsys):
    made = make_study()
    with pytest.raises(SystemExit) as left:
        command_line.main(["report", "study=hops", f"root={made.folder.parent}"])
    assert left.value.code == 1
    error = capsys.readouterr().err
    assert "no run has finished with a score yet" in error and "Traceback" not in error
    page = page_of(made)
    assert "None: no run has finished with a score yet" in page.text
    assert "12 open" in page.text and "No trial is complete yet" in page.text
    assert "svg" not in [tag for tag, _ in page.elements]


def test_failures_are_told_once_each(make_study):
    words = ("fixed.raise_at=15", "fixed.bad_seed=1", "limits.failures=1")
    done = work(make_study(*words, "figures=[]"))
    found = failures(done, done.ledger_state())
    assert found.count == 4 and len(found.groups) == 1 and found.others == 0
    group = found.groups[0]
    assert (group.state, group.count, len(group.runs)) == ("failed", 4, 4)
    assert group.line == "RuntimeError: hopped off at step 15" and "Traceback" in group.trace
    assert "hopped off at step 15" in page_of(done).text
    columns = table_of(done)["columns"]
    assert columns[-1] == "failed" and "pruned" not in columns
    assert [row[2] for row in table_of(done)["rows"]] == [None] * 4


def test_a_figure_that_cannot_be_drawn_is_named(make_study, capsys):
    done = work(make_study("seeds=1"))
    (done.folder / "plans/1").write_text(
        (done.folder / "plans/0").read_text().replace('"heatmap"', '"heatmop"')
    )
    again = Study.open(done.folder)
    assert not publish.draw(again, again.ledger_state())
    assert "heatmop could not be drawn" in page_of(again).text
    assert "heatmop" in capsys.readouterr().err


def test_others_of_the_same_figure_are_drawn(make_study, capsys):
    figures = "figures=[{curves: {x: updates, trial: 0..1}}, {curves: {top: 1}}]"
    done = work(make_study("seeds=1", figures))
    assert not publish.draw(done, done.ledger_state())
    assert capsys.readouterr().err.count("curves could not be drawn: x=updates") == 2
    assert (done.paths.figures / "curves-top_1.svg").exists()
    assert "curves could not be drawn: x=updates" in page_of(done).text
    assert sum(tag == "svg" for tag, _ in page_of(done).elements) == 1


def test_the_best_of_several_scores(make_study):
    scores = "score=[{metric: value}, {metric: twice, direction: minimize, high: 4}]"
    done = work(make_study(scores, "seeds=1", "figures=[]"))
    ledger_state = done.ledger_state()
    best = trials.best(done, frames.trials(done, ledger_state))
    assert len(best) == 4, "value / 2 against 2 · value / 4: none beats another in both"
    assert all(re.match(r"value \S+ .*; twice \S+ ", one.value) for one in best)


WAITS = """
import time
from pathlib import Path
def train(config, run):
    deadline = time.monotonic() + 300
    report = Path(run.folder).parents[1] / "report.html"
    while run.seed and not report.exists() and time.monotonic() < deadline:
        run.report(0, waited=1)
        time.sleep(0.1)
    (Path(run.folder) / "seen").write_text(report.read_text() if run.seed else "")
    return 1.0
"""


def test_a_watched_sweep_has_one_before_it_ends(tmp_path, monkeypatch):
    """Its second run ends only once there is a report, which a process of its own writes."""
    monkeypatch.setattr(background, "FIRST_S", 0.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waits.py").write_text(WAITS)
    (tmp_path / "waits.yaml").write_text(
        "{study: waits, function: waits.py:train, axes: {x: {kind: choice, values: [1]}}, "
        "tasks: {line: {low: 0, high: 2}}, seeds: 2, steps: 1, score: {metric: value}}"
    )
    assert run("waits.yaml", "dispatch=inline") == 0
    done = Study.open(tmp_path / "studies/waits")
    first = (done.paths.runs / done.plan.runs[1].id / "seen").read_text()
    assert "still running when this was written" in Page(first).text
    assert "all have ended" in page_of(done).text
    assert not publish.due(done, done.ledger_state())


def run(*words):
    try:
        command_line.main(["run", *map(str, words)])
    except SystemExit as left:
        return left.code
    return 0


def test_reports_are_seldom(make_study):
    """One process at a time; what took ten seconds is not begun again for five hundred."""
    made = make_study()
    clock, begun = [1000.0], []

    class Process:
        def __init__(self, folder):
            assert folder == made.folder
            begun.append(clock[0])

        def poll(self):
            return 0 if clock[0] >= begun[-1] + 10 else None

    kept = background.BackgroundReport(made, clock=lambda: clock[0], begin=Process)
    for _ in range(1200):
        kept.refresh()
        clock[0] += 1
    assert begun == [1020.0, 1020.0 + 10 + 500, 1020.0 + 2 * 510]


def test_one_that_is_being_written_at_the_end_is_made_anew(make_study):
    done = work(make_study("seeds=1", "figures=[]"))
    assert not publish.due(done, done.ledger_state())
    with background.BackgroundReport(done, first_s=0.0) as kept:
        kept.refresh()
    assert publish.due(done, done.ledger_state())
