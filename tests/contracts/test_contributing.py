"""CONTRIBUTING.md: its table names what is there, and its example works as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from agents import lookup as agents_lookup
from sweeper import lookup
from tests.helpers.cases import each
from tests.helpers.paths import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| [\w ]+ \| `(\S+)/<\w+>\.\w+` \| (.+?) \| (.+?) \|", PAGE, re.MULTILINE)
(EXAMPLE,) = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@each("folder, defines, tests", ROWS)
def test_folders_and_tests_of_the_table_are_there(folder: str, defines: str, tests: str) -> None:
    assert (ROOT / folder).is_dir()
    for name in re.findall(r"`(test_\w+\.py)`", tests):
        assert (ROOT / "tests" / "contracts" / name).is_file(), name


def test_every_kind_of_plug_in_is_in_the_table() -> None:
    told = {folder: defines.strip("`") for folder, defines, _ in ROWS}
    kinds = {f"agents/{folder}": name for folder, name in agents_lookup.CLASSES.items()}
    kinds |= {folder.replace(".", "/"): name for folder, (_, name) in lookup.DEFINES.items()}
    assert {folder: told.get(folder) for folder in kinds} == kinds


def test_the_example_is_found_and_passes_its_contract(tmp_path: Path) -> None:
    file, code = EXAMPLE
    for folder in ("agents", "sweeper", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "data")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text(code)
    (command,) = re.findall(r"^    \.venv/bin/python (-m pytest .+)$", PAGE, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, *command.split(), "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    learners = len(agents_lookup.names("learners"))
    assert f"{2 * learners} passed" in done.stdout
