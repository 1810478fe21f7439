"""optuna-dashboard and `optuna.load_study`, the real ones, on what a study leaves behind."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from sweeper.cli.commands import dashboard
from sweeper.errors import SweeperError
from sweeper.report.status import summarise
from sweeper.results.export import optuna_storage
from sweeper.results.ranking import ranking
from sweeper.schema.yaml_text import scalar
from tests.helpers.worked_study import work


@pytest.fixture
def done(make_study, space_file):
    """A study of TPE's over a range, a choice and sets of layers."""
    space_file.write_text(space_file.read_text().replace(":Counter", ":Layered"))
    started = make_study(
        "sampler={tpe: {n_startup_trials: 3}}",
        "trials=8",
        "axes.size={kind: float, low: 0.1, high: 0.9}",
        "axes.sn.layers={kind: layers, sets: [none, [-1], [-2, -3]]}",
        "figures=[]",
    )
    return work(started)


def expected(done):
    """Number, state, value and parameters of each trial, as our own status and table have them."""
    from sweeper.results import frames

    table = frames.trials(done, done.ledger_state()).to_dict("records")
    return [
        (row["trial"], row["state"], row["value"], dict(done.plan.trials[row["trial"]].labels))
        for row in table
    ]


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_load_study(done, tmp_path, kind):
    if kind == "journal":
        storage = JournalStorage(JournalFileBackend(str(done.paths.optuna)))
    else:
        storage = f"sqlite:///{tmp_path / 'optuna.db'}"
        for _ in range(2):
            assert optuna_storage.write(done, done.ledger_state(), storage) == storage
    found = optuna.load_study(study_name="hops", storage=storage)
    got = [(t.number, t.state.name.lower(), t.value, t.params) for t in found.trials]
    assert got == expected(done)
    best = summarise(done).best
    assert (found.best_trial.number, found.best_value) == (best.trial, best.value)
    assert f"trial {found.best_trial.number}:" in list(ranking.best(done, 1))[1]


def test_several_scores(make_study):
    started = make_study(
        "score=[{metric: value}, {metric: twice, direction: minimize, high: 4}]",
        "sampler={nsgaii: {population_size: 4}}",
        "trials=6",
        "axes.size={kind: float, low: 0.1, high: 0.9}",
        "figures=[]",
    )
    done = work(started)
    storage = JournalStorage(JournalFileBackend(str(done.paths.optuna)))
    found = optuna.load_study(study_name="hops", storage=storage)
    assert [d.name for d in found.directions] == ["MAXIMIZE", "MINIMIZE"]
    for trial, ours in zip(found.trials, expected(done), strict=True):
        # value / 2 against 2 · value / 4, aggregated alike
        assert trial.values == pytest.approx([ours[2], ours[2]])


def test_importance_of_layer_sets(done):
    storage = JournalStorage(JournalFileBackend(str(done.paths.optuna)))
    found = optuna.load_study(study_name="hops", storage=storage)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = optuna.importance.get_param_importances(found, evaluator=evaluator)
    assert set(shares) == {"width", "size", "sn.layers"}
    assert sum(shares.values()) == pytest.approx(1) and min(shares.values()) >= 0


THEIRS = "from optuna_dashboard._cli import main; main()"


@pytest.mark.skipif(
    importlib.util.find_spec("optuna_dashboard") is None,
    reason="optuna-dashboard is not installed (extra `dashboard`)",
)
@pytest.mark.parametrize("whose", ["sweeper dashboard", "optuna-dashboard"])
def test_the_dashboard_shows_it(done, whose):
    port = _free_port()
    theirs = ["-c", THEIRS, str(done.paths.optuna), "--host", "127.0.0.1", "--port", str(port)]
    root = done.folder.parent
    ours = ["-m", "sweeper", "dashboard", "study=hops", f"root={root}", f"port={port}"]
    words = ours if whose == "sweeper dashboard" else theirs
    command = [sys.executable, "-W", "ignore", *words]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}/"
        (study,) = json.loads(_ask(server, f"{url}api/studies"))["study_summaries"]
        detail = json.loads(_ask(server, f"{url}api/studies/{study['study_id']}"))
        shares = json.loads(_ask(server, f"{url}api/studies/{study['study_id']}/param_importances"))
        page = _ask(server, url)
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=300)
    assert b"Traceback" not in errors
    assert study["study_name"] == "hops" and b"<title>Optuna Dashboard" in page
    assert [_told(trial) for trial in detail["trials"]] == expected(done)
    steps = {point["step"] for trial in detail["trials"] for point in trial["intermediate_values"]}
    assert steps == {10, 20, 30, 40}
    assert {share["name"] for share in shares["param_importances"][0]} == set(done.space.axes)
    assert detail["best_trials"][0]["number"] == summarise(done).best.trial


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _told(trial):
    """What the dashboard shows of a trial, as `expected` has it."""
    params = {
        one["name"]: scalar(one["param_external_value"].strip("'")) for one in trial["params"]
    }
    return trial["number"], trial["state"].lower(), float(trial["values"][0]), params


def test_without_optuna_dashboard_the_extra_is_named(done, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    message = r"not installed: pip install -e '\.\[dashboard\]'"
    with pytest.raises(SweeperError, match=message), dashboard.serving(done, 1):
        pass


@pytest.mark.parametrize("port", ["taken", 70000])
def test_a_port_that_cannot_be_had(done, port):
    pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is not installed")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1] if port == "taken" else port
        message = f"port={number} cannot be listened on"
        with pytest.raises(SweeperError, match=message), dashboard.serving(done, number):
            pass


def _ask(server, url):
    deadline = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read()
        except OSError:
            assert server.poll() is None, server.stderr.read().decode()
            assert time.monotonic() < deadline, "optuna-dashboard did not answer"
            time.sleep(0.2)
