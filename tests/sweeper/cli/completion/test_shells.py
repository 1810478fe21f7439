"""Shells complete what is typed, each with its own script."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.cli.completion.scripts import SCRIPTS
from tests.helpers.paths import ROOT

PATIENCE = 60.0
"""Seconds until a shell that says nothing is given up."""

STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ""),
    "zsh": (["zsh", "-f", "-i"], "bindkey -e; autoload -Uz compinit; compinit -u -D; "),
}
"""By shell how it is started with nothing of the user's own, and what it needs first."""

CASES = {
    "sweeper status study=de\t": "sweeper status study=demo",
    "sweeper run my\t seeds=1 --dispatch inl\t": (
        r"sweeper run my\ spaces/ seeds=1 --dispatch inline"
    ),
    "sweeper plan 'my spaces/s\t": "sweeper plan 'my spaces/some.yaml'",
}
"""What is typed, and what the shell makes of it."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a study, a space in a folder whose name has a blank, and the program."""
    (tmp_path / "studies" / "demo" / "plans").mkdir(parents=True)
    (tmp_path / "studies" / "demo" / "plans" / "0").touch()
    (tmp_path / "my spaces").mkdir()
    (tmp_path / "my spaces" / "some.yaml").touch()
    program = tmp_path / "bin" / "sweeper"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sweeper "$@"\n')
    program.chmod(0o755)
    for shell, script in SCRIPTS.items():
        (tmp_path / f"script.{shell}").write_text(script)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    return tmp_path


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


def typed(command: list[str], text: str, folder: Path) -> None:
    """Types a text into a shell on a terminal of its own, which must then end by itself."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvp(command[0], command)
    try:
        os.write(terminal, text.encode())
        while select.select([terminal], [], [], PATIENCE)[0]:
            if not os.read(terminal, 4096):
                break
        else:
            raise AssertionError(f"{command[0]} said nothing for {PATIENCE:g} s")
    except OSError:
        pass  # the shell has ended, and its terminal with it
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


@pytest.mark.parametrize("shell", sorted(STARTS))
def test_tab_completes_words(shell: str, place: Path) -> None:
    needs(shell)
    command, first = STARTS[shell]
    lines = [f"{first}source ./script.{shell}", *(f"{text}\x01: \x05" for text in CASES)]
    text = "".join(f"{line}\n" for line in lines) + "fc -ln -10 > said\nexit\n"
    typed(command, text, place)
    said = re.sub(" +", " ", (place / "said").read_text())
    for expected in CASES.values():
        assert f": {expected}" in said


def test_fish_offers_words_with_what_they_mean(place: Path) -> None:
    needs("fish")
    code = "source script.fish; complete -C 'sweeper heat'; complete -C 'sweeper status study=d'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True, cwd=place
    )
    command, study = done.stdout.splitlines()
    assert command.startswith("heatmap\tScores over two axes") and study == "study=demo"


def test_bash_completes_whole_words_where_its_word_breaks_are_others(place: Path) -> None:
    """By its own breaks, as above, it completes of `study=de` only `de`."""
    code = """\
source ./script.bash
COMP_WORDBREAKS=' ' COMP_LINE='sweeper status study=de' COMP_POINT=23
_sweeper sweeper
printf '<%s>' "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True, cwd=place
    )
    assert done.stdout == "<study=demo >"
