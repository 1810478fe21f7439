"""A project of somebody else's, each file of which says in a file that it was imported."""

from __future__ import annotations

import sys
from pathlib import Path

import gymnasium
import yaml

from agents.envs import gym, trial
from sweeper.planning.loading import load
from sweeper.report import publish
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.paths import ROOT

TELLS = """
from pathlib import Path
with open({touched!r}, "a") as _file:
    _file.write(Path(__file__).name + "\\n")
"""
AGENT = """
import helper
from agents import lookup
from agents.parameter import Parameter
from tests.helpers.counter_agent import Counter

class Learner(Counter):
    parameters = {**Counter.parameters, "body": Parameter(str, "parts/body.py:Body")}

    @classmethod
    def tasks(cls):
        return ()

    @classmethod
    def check(cls, params, task):
        lookup.find("networks", params["body"])
        lookup.find("envs", task.rpartition("/")[0])
        if params["width"] == 3:
            raise ValueError("width 3 brings bad luck")
"""
AXIS = """
import helper
from sweeper.extending import AxisModel, Point, number

class Axis(AxisModel):
    low: int
    high: int
    drawn: bool = False

    @property
    def ends(self):
        return (self.low, self.high) if self.drawn else None

    def points(self, name):
        return tuple(self._point(name, n) for n in range(self.low, self.high + 1))

    def point(self, name, label):
        return self._point(name, number(label)) if self.drawn else super().point(name, label)

    def _point(self, name, label):
        return Point((label,), label, {name: label, "nan_at": -round(9 * label)})

    def distribution(self, name):
        from optuna.distributions import FloatDistribution
        return FloatDistribution(self.low, self.high) if self.drawn else super().distribution(name)
"""
FIGURE = """
import helper
from matplotlib.figure import Figure
from sweeper.extending import Picture

def draw(data):
    return Picture(Figure(), data.runs[["trial"]].assign(point=1.0, low=0.0, high=2.0, n=1))
"""
LR = """
import helper
from sweeper.extending import AxisModel, Point

class Axis(AxisModel):
    values: list

    def points(self, name):
        return tuple(Point(lr, str(lr), {"critic.lr": lr}) for lr in self.values)
"""
OWN = {
    "lr.py": LR,
    "helper.py": "",
    "agent.py": AGENT,
    "axis.py": AXIS,
    "figure.py": FIGURE,
    "parts/body.py": "import helper\nfrom agents.networks.mlp import Body\n",
    "line.py": "import helper\nimport gymnasium\n"
    "gymnasium.register('Line-v0', entry_point=gymnasium.spec('CartPole-v1').entry_point)\n",
    "sampler.py": "import helper\nfrom optuna.samplers import TPESampler as Mine\n",
    "parts/wrap.py": "import helper\n\ndef same(env):\n    return env\n",
    "parts/game.py": "import helper\nfrom agents.envs.navigation import Environment\n",
}
SPACE = {
    "study": "minatar_adam_sn",
    "agent": "agent.py:Learner",
    "fixed": {"body": "parts/body.py:Body"},
    "axes": {
        "width": {"kind": "choice", "values": [1, 2, 3]},
        "size": {"kind": "axis.py:Axis", "low": 1, "high": 2},
    },
    "invalid": "drop",
    "tasks": {"parts/game.py:Environment/2": {"low": 0.0, "high": 2.0}},
    "seeds": 2,
    "steps": 40,
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value", "at": "final", "aggregate": "mean"},
    "figures": ["figure.py:draw", "heatmap"],
}
SHIPPED = SPACE | {
    "agent": "ddpg",
    "fixed": {"critic.body": "parts/body.py:Body", "warmup_steps": 10},
    "axes": {"seen": {"kind": "lr.py:Axis", "values": [1e-3, 1e-4]}},
    "score": {"metric": "return", "at": "final", "aggregate": "mean"},
}
REGISTERED = SPACE | {
    "agent": "dqn",
    "fixed": {"env.wrappers": ["parts/wrap.py:same"], "warmup_steps": 10},
    "axes": {"optimizer.lr": {"kind": "float", "values": [1e-3, 1e-4]}},
    "tasks": {"gym/line:Line-v0": {"low": 0.0, "high": 2.0}},
    "score": {"metric": "return", "at": "final", "aggregate": "mean"},
}
SAMPLED = {
    "axes": {
        "width": {"kind": "choice", "values": [1, 2, 3]},
        "size": {"kind": "axis.py:Axis", "low": 1, "high": 2, "drawn": True, "default": 1.5},
    },
    "trials": 5,
    "seeds": 1,
}


def made(folder: Path, space: dict[str, object]) -> Path:
    """A project of somebody else's, and the file that its code writes when it is imported."""
    touched = folder / "touched"
    for name, text in OWN.items():
        file = folder / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TELLS.format(touched=str(touched)) + text)
    spaces = folder / "project" / "spaces"
    spaces.mkdir()
    (folder / "project" / "own.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
    (spaces / "minatar_adam_sn.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
    return touched


def forget(folder: Path) -> None:
    """Makes this process one that has never imported a file in `folder`."""
    inside, names = str(folder), {Path(name).name for name in OWN}
    for name, module in list(sys.modules.items()):
        file = Path(str(getattr(module, "__file__", "")))
        if file.name in names and "site-packages" not in file.parts and ROOT not in file.parents:
            del sys.modules[name]
    sys.path[:] = [place for place in sys.path if not place.startswith(inside)]
    gymnasium.registry.pop("Line-v0", None)
    for cached in (gym._registered, gym._shape, trial.check_played):
        cached.cache_clear()


def begun(folder: Path, space: dict[str, object], *, train: bool = True) -> tuple[Study, Path]:
    """A study of that space, and the file that tells of imports, which is not there."""
    touched = made(folder, space)
    started = studies.start(folder / "project/studies/theirs", load(folder / "project/own.yaml"))
    if train:
        worker = Study.open(started.folder)
        Worker(worker, pack="auto", device="cpu", workers=1, conclude=publish.once).run()
    forget(folder)
    touched.unlink(missing_ok=True)
    return started, touched
