"""A release: wheel and sdist are built, and the wheel works in an environment that has no checkout.

The packages that sweeper depends on are lent by the environment of the tests; sweeper itself is
the wheel's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
STEM = f"{PROJECT['name']}-{PROJECT['version']}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel, which is built from the sdist, and of the sdist."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def home(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with nothing of this checkout."""
    folder = tmp_path_factory.mktemp("home")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    wheel = built / f"{STEM}-py3-none-any.whl"
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    command = [sys.executable, "-m", "pip", "--python", str(python), *install]
    subprocess.run(command, check=True, capture_output=True)
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    # lent: a line of a .pth adds a folder, and no .pth in that folder counts: not the editable one
    (packages / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder


def said(home: Path, *words: str) -> str:
    """What a command of that environment prints, run where no checkout is."""
    clean = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    command = [str(home / "env" / "bin" / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=home, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_is_used_and_not_this_checkout(home: Path) -> None:
    code = "import sweeper, agents; print(sweeper.__file__, agents.__file__)"
    for file in said(home, "python", "-c", code).split():
        assert Path(file).is_relative_to(home)


def test_spaces_schema_profiles_and_published_tables_come_with_it(home: Path) -> None:
    shipped = {file.name for file in (ROOT / "spaces").glob("*.yaml")}
    assert {
        line.split()[0].rsplit("/", 1)[-1] for line in said(home, "sweeper", "spaces").splitlines()
    } == shipped
    (packages,) = (home / "env" / "lib").glob("python*/site-packages")
    schema = packages / "sweeper" / "_spaces" / "space.schema.json"
    assert said(home, "sweeper", "schema") == schema.read_text(encoding="utf-8")
    assert "#SBATCH --gpus-per-node=1" in said(
        home, "sweeper", "plan", "quadratic", "dispatch=slurm", "profile=gpu"
    )
    code = (
        "from sweeper.results.published import comparison, numbers\n"
        "from pathlib import Path\n"
        "print(len([*Path(numbers.__file__).parent.glob('*.csv')]))"
    )
    tables = len([*(ROOT / "sweeper" / "results" / "published").glob("*.csv")])
    assert said(home, "python", "-c", code).strip() == str(tables)


def test_a_sweep_runs_to_its_report(home: Path) -> None:
    told = said(home, "sweeper", "run", "quadratic", "scale=smoke", "dispatch=inline")
    assert (home / "studies" / "quadratic-smoke" / "report.html").is_file(), told


def test_the_sdist_holds_all_that_is_tracked(built: Path) -> None:
    with tarfile.open(built / f"{STEM}.tar.gz") as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no checkout of git")
    tracked = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert tracked - held == set()


def test_the_wheel_holds_packages_and_what_they_need_alone(built: Path) -> None:
    with zipfile.ZipFile(built / f"{STEM}-py3-none-any.whl") as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"sweeper", "agents", f"{STEM}.dist-info"}


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] and citation["license"] == PROJECT["license"]
    assert {reference["type"] for reference in citation["references"]} <= {
        "article",
        "thesis",
        "conference-paper",
    }
