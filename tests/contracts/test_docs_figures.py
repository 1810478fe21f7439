"""Each command of the pages on results that looks at a study works as it stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.command import call
from tests.helpers.paths import ROOT

PAGES = (
    "choose_a_figure",
    "part_of_a_study",
    "several_studies",
    "look_of_a_figure",
    "report",
    "tables",
)
PAGE = "".join((ROOT / "docs" / "how_to" / f"{name}.md").read_text() for name in PAGES)
COMMANDS = [
    line
    for line in re.findall(r"^    sweeper (.+)$", PAGE, flags=re.MULTILINE)
    if line.partition(" ")[0] not in ("run", "rerank", "report")
]
LR = {"kind": "float", "values": [1e-5, 1e-4, 1e-3]}
SN = {"kind": "choice", "values": ["none", "sn[-2]", "sn[-2,-3]"]}
TASKS = {f"minatar/{name}": {"low": 0, "high": 2} for name in ("breakout", "asterix")}


def test_commands_are_found() -> None:
    assert len(COMMANDS) >= 9


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works(
    played: Callable[..., Study],
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def went(run: Any, _: object) -> tuple[str, Any]:
        return "complete", [(20, {"return": run.trial / 9}), (40, {"return": run.seed})]

    axes = {"optimizer.lr": LR, "sn.layers": SN}
    names = ("minatar_adam_sn", "minatar_other")
    made = {name: played(went, name, axes=axes, tasks=TASKS) for name in names if name in command}
    monkeypatch.setattr(studies, "find", lambda name, _: made[name])
    monkeypatch.chdir(tmp_path)
    assert call(*shlex.split(command)) == 0, capsys.readouterr().err
