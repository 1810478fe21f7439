"""optuna-dashboard and `optuna.load_study`, the real ones, on what a study leaves behind."""

from __future__ import annotations

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

from sweeper import listing, optuna_storage
from sweeper.study import Study
from sweeper.summary import summarise
from sweeper.worker import Worker


@pytest.fixture
def done(make_study):
    """A study of TPE's over a range and a choice, one trial of which failed."""
    started = make_study(
        "sampler={tpe: {n_startup_trials: 3}}",
        "trials=6",
        "axes.size={kind: float, low: 0.1, high: 0.9}",
        "figures=[curves]",
    )
    Worker(Study.open(started.folder), pack="auto", device="cpu", workers=1).run()
    return Study.open(started.folder)


def expected(done):
    """Number, state, value and parameters of each trial, as our own status and table have them."""
    from sweeper import frame

    table = frame.trials(done, done.fold()).to_dict("records")
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
            assert optuna_storage.write(done, done.fold(), storage) == storage
    found = optuna.load_study(study_name="hops", storage=storage)
    got = [(t.number, t.state.name.lower(), t.value, t.params) for t in found.trials]
    assert got == expected(done)
    best = summarise(done)["best"]
    assert (found.best_trial.number, found.best_value) == (best["trial"], best["value"])
    assert f"trial {found.best_trial.number}:" in list(listing.best(done, 1))[1]


def test_several_scores(make_study):
    started = make_study(
        "score=[{metric: value}, {metric: twice, direction: minimize, high: 4}]",
        "sampler={nsgaii: {population_size: 4}}",
        "trials=6",
        "axes.size={kind: float, low: 0.1, high: 0.9}",
        "figures=[]",
    )
    Worker(Study.open(started.folder), pack="auto", device="cpu", workers=1).run()
    done = Study.open(started.folder)
    storage = JournalStorage(JournalFileBackend(str(done.paths.optuna)))
    found = optuna.load_study(study_name="hops", storage=storage)
    assert [d.name for d in found.directions] == ["MAXIMIZE", "MINIMIZE"]
    for trial, ours in zip(found.trials, expected(done), strict=True):
        # value / 2 against 2 · value / 4, aggregated alike
        assert trial.values == pytest.approx([ours[2], ours[2]])


def test_the_dashboard_shows_it(done):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        "from optuna_dashboard._cli import main; main()",
    ]
    words = [str(done.paths.optuna), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        studies = _ask(server, f"http://127.0.0.1:{port}/api/studies")["study_summaries"]
        assert [one["study_name"] for one in studies] == ["hops"]
        detail = _ask(server, f"http://127.0.0.1:{port}/api/studies/{studies[0]['study_id']}")
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=30)
    assert b"Traceback" not in errors
    got = [
        (
            trial["number"],
            trial["state"].lower(),
            float(trial["values"][0]),
            {one["name"]: float(one["param_external_value"]) for one in trial["params"]},
        )
        for trial in detail["trials"]
    ]
    assert got == expected(done)
    assert detail["best_trials"][0]["number"] == summarise(done)["best"]["trial"]


def _ask(server, url):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            assert server.poll() is None, server.stderr.read().decode()
            assert time.monotonic() < deadline, "optuna-dashboard did not answer"
            time.sleep(0.2)
