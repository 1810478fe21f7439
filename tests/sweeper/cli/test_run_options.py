"""The words of `run`, `rerank` and `work` are checked before anything begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper import paths
from sweeper.cli.run_options import RerankOptions, RunOptions, of_workers
from sweeper.dispatch import Options
from sweeper.errors import SweeperError


def test_no_words_are_the_defaults():
    found = RunOptions.of({})
    assert found == RunOptions(
        None, None, None, "local", Options(None, "auto", None), False, False, ()
    )
    assert found.studies == Path(paths.STUDIES)
    asked = RerankOptions.of({})
    assert (asked.top, asked.seeds, asked.same) == (5, None, ())


def test_each_word_is_taken():
    words = {
        "scale": "smoke",
        "name": "mine",
        "root": "elsewhere",
        "group": "true",
        "device": "cuda",
        "pack": "3",
        "workers": "2",
        "profile": "big.yaml",
        "watch": "true",
        "dispatch": "slurm",
        "extend": "true",
    }
    found = RunOptions.of(words)
    assert (found.scale, found.name, found.studies) == ("smoke", "mine", Path("elsewhere"))
    assert found.dispatch == "slurm" and found.extend and found.group
    assert found.workers == Options(2, "3", "cuda", "big.yaml", True)
    assert " ".join(found.same) == (
        "dispatch=slurm profile=big.yaml workers=2 pack=3 device=cuda group=true"
    )


def test_a_rerank_is_told_again_without_the_study():
    asked = RerankOptions.of({"study": "a", "seeds": "4", "top": "2", "root": "b", "pack": "1"})
    assert (asked.top, asked.seeds, asked.run.workers.pack) == (2, 4, "1")
    assert asked.same == ("seeds=4", "top=2", "pack=1")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"pack": "0"}, "pack must be auto or a whole number from 1, but got '0'"),
        ({"pack": "many"}, "pack must be auto or a whole number from 1, but got 'many'"),
        ({"workers": "-1"}, "workers must be a whole number from 1, but got '-1'"),
        ({"device": "tpu"}, "device must be cpu or cuda, but got 'tpu'"),
        ({"watch": "yes"}, "watch must be true or false, but got 'yes': write true"),
    ],
)
def test_words_about_workers_have_rules(words, says):
    with pytest.raises(SweeperError) as caught:
        of_workers(words)
    assert str(caught.value) == says


@pytest.mark.parametrize("name", ["extend", "group"])
def test_switches_are_true_or_false(name):
    with pytest.raises(SweeperError, match=f"{name} must be true or false, but got '1'"):
        RunOptions.of({name: "1"})


@pytest.mark.parametrize("name", ["top", "seeds"])
def test_numbers_of_a_rerank_begin_at_one(name):
    with pytest.raises(SweeperError, match=f"{name} must be a whole number from 1, but got '0'"):
        RerankOptions.of({name: "0"})
