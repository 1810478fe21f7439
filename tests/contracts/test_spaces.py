"""Every space that is shipped loads and expands at each of its scales."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache

import pytest

from agents.networks import network
from sweeper.lookup import find
from sweeper.planning.loading import scales
from sweeper.planning.plan import Plan
from sweeper.report import publish
from sweeper.results.verdicts import verdict_text
from sweeper.results.verdicts.verdicts import REGISTERED, verdicts
from sweeper.schema.document import read
from sweeper.space.space import Space
from sweeper.stats.verdicts import UNDECIDED
from sweeper.study import studies
from sweeper.trainable.loading import load_trainable
from sweeper.worker.worker import Worker
from tests.helpers import pictures
from tests.helpers.cases import each
from tests.helpers.paths import ROOT
from tests.helpers.shipped import load, source_of

PAGE = ROOT / "docs" / "papers" / "index.md"
SPACES = sorted((ROOT / "spaces").glob("*.yaml"))
CASES = [(path, scale) for path in SPACES for scale in scales(path)]
NAMES = [f"{path.stem}-{scale}" for path, scale in CASES]

PAPER_RUNS = {
    "minatar_adam_sn": 5_760,
    "minatar_rmsprop_sn": 6_048,
    "minatar_sgd_sn": 1_008,
    "minatar_penalty_norm": 160,
    "minatar_rank": 200,
    "minatar_c51": 160,
    "minatar_population": 40,
    "atari_dqn_sn": 216,
    "atari_c51_sn": 108,
    "ant_width_depth": 125,
    "ant_depth": 25,
    "ant_connectivity": 40,
    "ant_ofenet": 30,
    "ant_ofenet_width": 100,
    "ant_ofenet_width_distributed": 100,
    "ant_distributed": 30,
    "ant_activation": 10,
    "ant_ablation": 30,
    "mujoco_large": 150,
    "q_loss_agents": 4,
    "q_loss_surface": 4,
    "mujoco_critic_blocks": 180,
    "mujoco_actor_scale": 240,
    "mujoco_cnf_depth": 120,
    "mujoco_vql_latent": 120,
    "mujoco_policy": 120,
    "mujoco_critic_sn": 120,
    "dmc_actor_steps": 180,
    "dmc_critic_blocks": 120,
    "td2_group_norm": 360,
    "td2_ablation": 480,
    "asymmetry_alpha": 960,
    "navigation_dim": 288,
    "dmc_policy": 360,
    "dmc_entropy_temperature": 280,
    "minatar_long": 320,
    "minatar_lambda": 760,
    "minatar_schedulers": 2_080,
    "minatar_schedulers_all": 400,
    "minatar_model_size": 2_400,
    "minatar_smoothness": 2_400,
    "minatar_consistency": 1_800,
    "dmc_modern": 300,
    "dmc_depth": 300,
    "dmc_modern_sn": 450,
    "dmc_depth_sn": 300,
    "cartpole_dynamics": 15,
    "head_cost": 20,
}
"""Runs of the published experiments."""

NO_CLAIMS = {
    "quadratic": "an example, of no document",
    "minatar_sgd_sn": "a public configuration, of which the paper has no results",
    "minatar_lambda": "a public configuration, of which the paper has no results",
    "minatar_model_size-smoke": "of the depths that are claimed about it has none",
    "minatar_smoothness": "its claim is a correlation",
    "minatar_consistency": "its paper is of another agent on other tasks",
    "q_loss_agents": "its figures are those of q_loss_surface",
    "mujoco_actor_scale-smoke": "it has large critics alone",
    "mujoco_cnf_depth": "what its figure shows is not known",
    "mujoco_vql_latent": "what its figure shows is not known",
    "dmc_entropy_temperature": "what its figure shows is not known",
    "dmc_actor_steps": "what its figure shows is not known",
    "dmc_depth": "mixed: better on some tasks, worse on others",
    "minatar_population": "it compares ways of search, of which a space has one",
}
"""Spaces, or scales of them, whose document says nothing that a claim can say, and why."""


@each("path", SPACES)
def test_files_are_called_like_their_study_and_hold_the_usual_scales(path):
    data = read(path).data
    assert data["study"] == path.stem
    assert {"laptop", "smoke"} <= set(data["scales"])
    assert path.read_text().startswith("#"), "a space begins with what it asks"


@each("path, scale", CASES)
def test_expands(path, scale):
    plan = planned(path.stem, scale)
    space = plan.space
    assert len(plan.runs) == len(plan.trials) * len(space.tasks) * len(space.seeds)
    assert len({run.id for run in plan.runs}) == len(plan.runs)
    assert Space.parse(space.dump()) == space
    assert space.figures


@each("path, scale", CASES)
def test_has_the_size_its_scale_promises(path, scale):
    plan = planned(path.stem, scale)
    space = plan.space
    if scale == "paper":
        assert len(plan.runs) == PAPER_RUNS[path.stem]
    if scale == "laptop":
        assert space.name == path.stem
        published = planned(path.stem, "paper") if path.stem in PAPER_RUNS else plan
        assert len(plan.trials) >= min(3, len(published.trials)) and len(space.seeds) >= 5
        assert 5_000 <= space.steps <= 50_000 or space.function or space.analysis
        assert len(plan.runs) * space.steps <= 3_500_000
    if scale == "smoke":
        assert len(plan.runs) <= 4 and space.steps <= 1_000


@each("path, scale", CASES)
def test_makes_the_claims_of_its_document(path, scale):
    space = planned(path.stem, scale).space
    document = (space.reference or "").partition(",")[0]
    exceptions = {path.stem, f"{path.stem}-{scale}"} & {*NO_CLAIMS}
    assert len(space.claims) <= 4 and bool(space.claims) != bool(exceptions)
    assert all((one.source or "").startswith(f"{document}, ") for one in space.claims.values())


@pytest.mark.parametrize(
    ("kind", "rates", "epsilons"), [("adam", 8, [5]), ("rmsprop", 7, [6]), ("sgd", 7, [])]
)
def test_optimisers_have_the_published_grids(kind, rates, epsilons):
    space = planned(f"minatar_{kind}_sn", "paper").space
    sizes = {name: len(axis.points(name)) for name, axis in space.axes.items()}
    axes = ("network", "sn.layers", "optimizer.lr", "optimizer.eps")
    assert sizes == dict(zip(axes, [6, 3, rates, *epsilons], strict=False))
    assert space.fixed.get("optimizer.kind", "adam") == kind
    assert (len(space.tasks), len(space.seeds), space.steps) == (4, 2, 5_000_000)
    assert space.steps // space.evaluation.every == 40 and space.evaluation.steps == 125_000


SIZES = {
    (3, 32): 16_910,
    (3, 64): 66_582,
    (3, 128): 198_398,
    (3, 256): 527_270,
    (4, 32): 10_326,
    (4, 64): 40_230,
    (4, 128): 117_590,
    (4, 256): 307_142,
    (5, 32): 5_790,
    (5, 64): 22_070,
    (5, 128): 61_358,
    (5, 256): 117_470,
}
"""Weights and biases on Breakout by depth and hidden units, of the sizes that G's authors made
public."""

SETS = {
    3: {(), (-2,), (-3,), (-2, -3)},
    4: {(), (-2,), (-3,), (-4,), (-2, -3)},
    5: {(), (-2,), (-3,), (-4,), (-2, -3), (-2, -3, -4)},
}


def test_minatar_model_size_is_sixty_networks_of_the_published_sizes():
    plan, seen = planned("minatar_model_size", "paper"), {depth: set() for depth in SETS}
    assert len(plan.trials) == 60 and len(plan.space.seeds) == 10 and plan.space.steps == 5_000_000
    for trial in plan.trials:
        params, labels = plan.configuration(trial.number).params, trial.labels
        depth, units = labels["depth"], labels["network.units"]
        sizes = network.part(params, "network")
        assert network.count_parameters(sizes, (10, 10, 4), 6) == SIZES[depth, units]
        assert network.depth(sizes, (10, 10, 4)) == depth
        layers = tuple(params["sn.layers"])
        seen[depth].add(layers)
        many = "several" if 2 * len(layers) <= depth else "too many"
        assert labels["amount"] == ["none", "one layer", many, many][len(layers)]
        adam = (params["optimizer.lr"], params["optimizer.eps"])
        assert adam == (2.5e-4, 3.125e-4)
    assert seen == SETS and plan.space.checkpoint.keep == "best"


def test_minatar_smoothness_is_of_all_of_them():
    plan, agents = (planned(f"minatar_{name}", "paper") for name in ("smoothness", "model_size"))
    assert [trial.labels for trial in plan.trials] == [trial.labels for trial in agents.trials]
    cells = [[(run.trial, run.task, run.seed) for run in each.runs] for each in (plan, agents)]
    assert cells[0] == cells[1] and plan.space.steps == 100_000
    assert not {run.id for run in plan.runs} & {run.id for run in agents.runs}


@pytest.mark.parametrize("scale", ["paper", "laptop", "smoke"])
def test_q_loss_surface_is_of_a_deep_and_of_a_wide_network(scale):
    plan, agents = (planned(f"q_loss_{name}", scale) for name in ("surface", "agents"))
    cells = [[(run.trial, run.task, run.seed) for run in each.runs] for each in (plan, agents)]
    assert cells[0] == cells[1] and agents.space.checkpoint.keep == "state"
    sizes = [(t.labels["critic.layers"], t.labels["critic.units"]) for t in agents.trials]
    assert len(sizes) == 2 and sizes[0][0] > sizes[1][0] and sizes[0][1] < sizes[1][1]
    if scale == "paper":
        assert sizes == [(16, 256), (2, 2048)] and agents.space.steps == 1_000_000
        assert plan.space.steps == 1 + 51**2 and plan.space.fixed["samples"] == 65_536


def test_minatar_rank_is_the_published_grid_and_takes_an_afternoon():
    """Two quiet cores train about 2,700 of its steps a second, in packs of four."""
    paper, afternoon = (planned("minatar_rank", scale) for scale in ("paper", "afternoon"))
    sizes = len(paper.trials), len(paper.space.tasks), len(paper.space.seeds)
    assert sizes == (5, 4, 10) and paper.space.steps == 5_000_000
    assert {str(trial.labels["sn.layers"]) for trial in afternoon.trials} >= {"none", "sn[-2]"}
    assert len(afternoon.runs) == 24 and len(afternoon.space.seeds) >= 5
    assert 40 * 60 < len(afternoon.runs) * afternoon.space.steps / 2_700 < 50 * 60


@cache
def planned(name, scale):
    space = load(next(path for path in SPACES if path.stem == name), scale)
    return Plan(space, load_trainable(space))


@each(
    "name, other, scale, shared",
    [
        ("ant_depth", "ant_width_depth", "paper", 25),
        ("ant_depth", "ant_width_depth", "laptop", 25),
        ("ant_ofenet", "ant_ofenet_width", "paper", 30),
        ("ant_distributed", "ant_ofenet_width_distributed", "paper", 15),
        ("ant_activation", "ant_ofenet_width_distributed", "paper", 5),
        ("ant_ablation", "ant_ofenet_width_distributed", "paper", 15),
        ("td2_ablation", "td2_group_norm", "paper", 240),
        ("td2_ablation", "td2_group_norm", "laptop", 10),
        ("dmc_depth", "dmc_modern", "paper", 150),
        ("dmc_modern_sn", "dmc_modern", "paper", 300),
        ("dmc_depth_sn", "dmc_depth", "paper", 150),
        ("dmc_modern_sn", "dmc_modern", "laptop", 10),
        ("mujoco_policy", "mujoco_critic_blocks", "paper", 30),
        ("mujoco_policy", "mujoco_actor_scale", "paper", 60),
        ("mujoco_policy", "mujoco_cnf_depth", "paper", 30),
        ("mujoco_policy", "mujoco_vql_latent", "paper", 30),
        ("mujoco_critic_sn", "mujoco_critic_blocks", "paper", 30),
        ("dmc_critic_blocks", "dmc_policy", "paper", 60),
    ],
)
def test_experiments_share_the_runs_that_they_have_in_common(name, other, scale, shared):
    runs = [{run.id for run in planned(each, scale).runs} for each in (name, other)]
    assert len(runs[0] & runs[1]) == shared


B = ("dmc_modern", "dmc_depth", "dmc_modern_sn", "dmc_depth_sn")
"""The experiments of Bjorck et al. 2021 on all tasks."""


def test_those_of_bjorck_are_five_heads_on_fifteen_tasks_under_the_published_seeds():
    runs = {run.id: run for name in B for run in planned(name, "paper").runs}
    heads = {(run.params["head"], str(run.params["critic.sn.layers"])) for run in runs.values()}
    assert len(runs) == 750 and len({run.task for run in runs.values()}) == 15 and len(heads) == 5
    digits = "0123456789"
    turned = {int(digits[place:] + digits[:place]) % (2**32 - 1) for place in range(10)}
    assert {run.seed for run in runs.values()} == turned
    for run in runs.values():
        assert run.params["critic.sn.layers"] == run.params["actor.sn.layers"]
        assert run.params["env.repeat"] * run.steps == 500_000


def test_networks_of_ota_are_alike_with_the_activations_of_their_bodies():
    swish = {"mlp": "relu", "resnet": "swish", "densenet": "swish", "d2rl": "relu"}
    runs = [*planned("ant_connectivity", "paper").runs, *planned("ant_width_depth", "paper").runs]
    assert {run.params["critic.body"] for run in runs} == set(swish)
    for params in (run.params for run in runs):
        for key in ("body", "units", "layers", "activation", "init"):
            assert params[f"actor.{key}"] == params[f"critic.{key}"]
        assert params["critic.activation"] == swish[params["critic.body"]]
        assert params["reward_scale"] == 5 and params["critic.init"] == "xavier"


@pytest.mark.parametrize(("scale", "column"), [("paper", 0), ("laptop", 1)])
def test_the_page_of_spaces_says_how_many_runs_there_are(scale, column):
    said = re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+), (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    assert {row[0] for row in said} == set(PAPER_RUNS)
    for name, *counts in said:
        assert len(planned(name, scale).runs) == int(counts[column].replace(",", ""))


HEAVY = ["torch", "pandas", "seaborn", "matplotlib", "optuna", "minatar", "scipy", "mujoco"]
PLANS_ALL = f"""
import json, sys
from pathlib import Path
from sweeper.planning.plan import Plan
from sweeper.study.analysed import load
from sweeper.trainable.loading import load_trainable

for path, root in json.loads(sys.argv[1]):
    space = load(path, root=Path(root))
    Plan(space, load_trainable(space))
    print(Path(path).stem, [module for module in {HEAVY} if module in sys.modules])
"""


def test_loading_and_planning_import_nothing_heavy():
    given = []
    for path in SPACES:
        source = source_of(path, "laptop")
        given.append((str(path), str(source.folder.parent) if source is not None else ""))
    command = [sys.executable, "-c", PLANS_ALL, json.dumps(given)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.splitlines() == [f"{path.stem} []" for path in SPACES]


class Reports:
    """Stands in for a function's run."""

    seed, task, steps = 0, "parabola", 50

    def __init__(self):
        self.reports = []

    def report(self, step, **metrics):
        self.reports.append((step, metrics))


def test_the_function_example_is_short_and_learns():
    path = next(path for path in SPACES if path.stem == "quadratic").with_suffix(".py")
    assert len(path.read_text().splitlines()) <= 20
    run = Reports()
    result = find("agents.learners", f"{path}:train")({"lr": 0.1, "momentum": 0.0}, run)
    assert -1 < result < 0
    assert [step for step, _ in run.reports] == [10, 20, 30, 40, 50]


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.stem)
def test_the_smoke_scale_runs_to_its_figures(path, tmp_path):
    space, source = load(path, "smoke"), source_of(path, "smoke")
    if space.agent and any(task.startswith("dmc_pixels/") for task in space.tasks):
        pictures.needed()
    if source is not None:
        agents = studies.start(tmp_path / source.name, source.space)
        Worker(agents, pack="auto", device="cpu", workers=1).run()
    made = studies.start(tmp_path / "study", space)
    Worker(made, pack="auto", device="cpu", workers=1, conclude=publish.once).run()
    assert {record.state for record in made.ledger_state().runs.values()} == {"complete"}
    assert made.ended
    drawn = {file.stem.partition("-")[0] for file in made.paths.figures.glob("*.svg")}
    asked = {figure.name for figure in made.space.drawn}
    assert drawn == asked - {"compare"}, "nobody published numbers of the smoke scale's tasks"
    assert not publish.due(made, made.ledger_state()), "what has nothing to show is not tried again"
    assert made.paths.optuna.exists()
    judged = verdicts(made)
    assert [one.name for one in judged] == list(space.claims)
    for one in judged:
        assert (one.verdict, one.status) == (UNDECIDED, REGISTERED)
        assert one.runs and one.seeds and one.why, "few seeds: it says how many are needed"
    shown = [cells[2] for cells in verdict_text.rows(judged)[1:]]
    assert shown == [UNDECIDED] * len(judged)
