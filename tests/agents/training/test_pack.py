"""The training loop: pack equals alone, resumed equals uninterrupted, evaluation, reports."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch

from agents.learners.dqn import Learner
from agents.training.evaluation import Evaluation
from agents.training.pack import Pack

SETS = [(), (-2,), (-2, -3), (-1,), (-3,), (), (-1, -2, -3), (-2,)]
MODES = ["hard", "divide", "clip_scaled"]


@pytest.fixture
def mixed(run):
    """Eight runs that differ in all that may differ in a pack."""

    def mixed(**params):
        return [
            run(
                seed=i % 5,
                optimizer__lr=1e-3 * (i + 1) / 8,
                optimizer__eps=10.0 ** -(i + 1),
                optimizer__beta1=0.9 - 0.1 * (i % 2),
                sn__layers=params.get("sn__layers", SETS[i]),
                sn__projection=MODES[i % 3],
                sn__coefficient=[1.0, 0.5][i % 2],
                sn__detach_rho=i % 4 < 2,
                sn__iterate_on_act=i % 3 > 0,
                gamma=0.99 - 0.01 * i,
                epsilon__decay_until=100 + 10 * i,
                evaluation__epsilon=0.05 * (i % 2),
                **{name: value for name, value in params.items() if name != "sn__layers"},
            )
            for i in range(8)
        ]

    return mixed


def start(runs, states=None) -> Pack:
    return Learner.start(runs, states or [None] * len(runs), "cpu")


def said(reports, member):
    return [(r.step, dict(r.metrics), r.done, r.diverged) for r in reports if r.member == member]


def assert_equal(one, two):
    assert one.keys() == two.keys()
    for name in one:
        assert np.array_equal(one[name], two[name]), name


CASES = {
    "default net": {"network__convs": (16,), "network__units": 128, "steps": 240},
    "odd sizes, huber": {"network__convs": (5, 3), "network__units": 13, "loss": "huber",
                         "batch_size": 7, "steps": 240},
    "mlp on another game": {"network__body": "mlp", "network__layers": 2, "network__units": 30,
                            "task": "minatar/space_invaders", "steps": 240,
                            "sn__layers": (-1, -3)},
    "steps of evaluation": {"task": "minatar/freeway", "steps": 240},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_pack_equals_its_runs_alone(case, mixed, play, schedule):
    evaluation = schedule(every=200, episodes=None, steps=331, cap=100)
    runs = mixed(**CASES[case], evaluation=evaluation if "steps of" in case else schedule(200))
    pack = start(runs)
    together = play(pack)
    for i in (0, 2, 7):
        alone = start([runs[i]])
        reports = play(alone)
        assert said(reports, 0) == said(together, i)
        assert len(reports) == -(-runs[i].steps // 200) and reports[-1].done
        assert_equal(alone.save(0), pack.save(i))


CONTINUE = """
import json, sys, numpy as np
from types import SimpleNamespace as Any
from agents.learners.dqn import Learner
folder, specs = sys.argv[1], json.loads(sys.argv[2])
runs = [Any(**{**s, "evaluation": Any(**s["evaluation"])}) for s in specs]
states = [dict(np.load(f"{folder}/{i}.npz")) for i in range(len(runs))]
pack = Learner.start(runs, states, "cpu")
reports, going = [], set(pack.members)
while going:
    for r in pack.advance():
        reports.append([r.member, r.step, dict(r.metrics), r.done])
        going -= {r.member} if r.done else set()
for i in range(len(runs)):
    np.savez(f"{folder}/end{i}.npz", **pack.save(i))
print(json.dumps(reports))
"""


@pytest.mark.parametrize("step", [23, 271])
def test_a_fresh_process_continues_bit_for_bit(step, mixed, tmp_path, play):
    """Before learning, inside an interval, and at an evaluation that has not been reported."""
    runs = mixed(steps=340)[:3]
    whole, broken = start(runs), start(runs)
    expected = play(whole)
    before = train_to(broken, step)
    for i in range(3):
        np.savez(tmp_path / f"{i}.npz", **broken.save(i))
    specs = json.dumps([asdict(run) for run in runs])
    command = [sys.executable, "-c", CONTINUE, str(tmp_path), specs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = [list(r) for r in json.loads(done.stdout)]
    assert [[r.member, r.step, dict(r.metrics), r.done] for r in before] + after == [
        [r.member, r.step, dict(r.metrics), r.done] for r in expected
    ]
    for i in range(3):
        assert_equal(dict(np.load(tmp_path / f"end{i}.npz")), whole.save(i))


def train_to(pack: Pack, step: int) -> list:
    """Train to exactly `step` without reporting what falls due there."""
    reports = []
    while pack.step < step:
        stop = min(step, pack.next_stop())
        pack.train(stop)
        if stop < step:
            while pack.is_due():
                reports += pack.advance()
    return reports


def test_a_pack_saved_inside_an_evaluation_reports_the_same(mixed, play, monkeypatch):
    runs = mixed()[:2]
    expected = play(start(runs))
    pack = start(runs)
    train_to(pack, 300)
    monkeypatch.setattr("agents.training.pack.SECONDS", -1.0)
    monkeypatch.setattr("agents.training.evaluation.CHECK_EVERY", 1)
    progress = pack.progress
    assert pack.advance() == [] and pack.progress > progress
    monkeypatch.undo()
    resumed = start(runs, [pack.save(i) for i in range(2)])
    assert play(resumed) == expected


def test_members_that_are_dropped_leave_the_others_untouched(mixed, play):
    runs = mixed()[:4]
    expected = play(start(runs))
    pack = start(runs)
    train_to(pack, 170)
    pack.drop([0, 2])
    reports = play(pack)
    assert {r.member for r in reports} == {1, 3}
    assert reports == [r for r in expected if r.member in (1, 3)]
    pack.drop([1, 3])
    assert pack.advance() == []


@pytest.mark.parametrize("broken", ["optimizer.lr", "reward"])
def test_a_diverged_member_is_reported_once_and_the_others_go_on(broken, run, play, monkeypatch):
    runs = [run(seed=i) for i in range(3)]
    expected = play(start(runs))
    if broken == "optimizer.lr":
        runs[1].params["optimizer.lr"] = 1e38
        pack = start(runs)
    else:
        pack = start(runs)
        train_to(pack, 100)
        pack.replay.flush()
        pack.replay.outcomes[1, :90, 0] = float("nan")
    reports = play(pack)
    (last,) = [r for r in reports if r.member == 1]
    assert last.done and last.diverged and last.step <= 300
    assert all(np.isfinite(value) for value in last.metrics.values())
    assert [r for r in reports if r.member != 1] == [r for r in expected if r.member != 1]


def test_what_is_reported_and_when(run, play, schedule):
    reports = play(start([run(steps=500, evaluation=schedule(every=200))]))
    assert [(r.step, r.done) for r in reports] == [(200, False), (400, False), (500, True)]
    for report in reports:
        assert list(report.metrics) == [m for m in Learner.metrics if m in report.metrics]
        assert all(np.isfinite(value) for value in report.metrics.values())
        assert report.metrics["return"] >= 0


def test_metrics_that_do_not_exist_yet_are_left_out(run, play, schedule):
    first = play(start([run(steps=60, evaluation=schedule(every=2), warmup_steps=50)]))[0]
    assert set(first.metrics) == {"return", "epsilon", "eval_partial"}


def random_actions(observations, draws):
    copies = observations.shape[1]
    return draws[:, :copies] % 6


class Counted:
    """Counts the episodes of every member and copy that an evaluation counts."""

    def begin(self, observations, actions):
        self.over = np.zeros(actions.shape[:2], int)

    def see(self, observations, actions, live):
        self.seen = live

    def record(self, rewards, terminals, over):
        assert not (over & ~self.seen).any()
        self.over += over


def evaluated(schedule, members=1, watchers=()) -> Evaluation:
    names = ["minatar/breakout"] * members
    return Evaluation(names, range(members), schedule, "evaluation/100", watchers)


def test_evaluation_by_episodes_counts_each_once(schedule):
    counted = Counted()
    evaluation = evaluated(schedule(episodes=7, cap=1000), 2, [counted])
    evaluation.advance(random_actions, float("inf"))
    assert evaluation.done and counted.over.tolist() == [[1] * 7] * 2
    assert evaluation.result(0)["eval_partial"] == 0.0


@pytest.mark.parametrize(("steps", "cap", "copies"), [(100, 1000, 1), (103, 20, 5), (9000, 10, 16)])
def test_evaluation_by_steps_takes_exactly_these_steps(steps, cap, copies, schedule):
    evaluation = evaluated(schedule(episodes=None, steps=steps, cap=cap))
    assert evaluation.left.shape == (1, copies) and evaluation.left.sum() == steps
    lockstep = evaluation.advance(random_actions, float("inf"))
    assert lockstep == -(-steps // copies) and evaluation.done


def test_no_completed_episode_means_the_partial_return_flagged(schedule):
    evaluation = evaluated(schedule(episodes=None, steps=4, cap=100))
    evaluation.advance(random_actions, float("inf"))
    assert evaluation.result(0) == {"return": 0.0, "eval_partial": 1.0}


def test_an_episode_is_cut_at_the_cap(schedule):
    evaluation = evaluated(schedule(episodes=3, cap=4))
    assert evaluation.advance(random_actions, float("inf")) == 4
    assert evaluation.done and evaluation.result(0)["eval_partial"] == 1.0


def test_evaluation_returns_at_its_deadline(schedule):
    evaluation = evaluated(schedule(episodes=None, steps=100_000, cap=1000))
    assert 0 < evaluation.advance(random_actions, 0.0) < 100


def test_training_does_not_depend_on_evaluation(run, schedule, play):
    runs = [run(evaluation=schedule(every=e), sn__layers=(-1, -2)) for e in (100, 500)]
    packs = [start([r]) for r in runs]
    for pack in packs:
        play(pack)
    one, two = (p.save(0) for p in packs)
    for name in one:
        if name not in ("learner.sums", "learner.measured"):
            assert np.array_equal(one[name], two[name]), name


def test_states_of_different_steps_or_signatures_are_refused(run):
    state = start([run()]).save(0)
    with pytest.raises(ValueError, match="same step"):
        start([run(), run(seed=1)], [state, None])
    with pytest.raises(ValueError, match="one signature"):
        start([run(), run(batch_size=8)])


def test_states_are_plain_arrays(run):
    state = start([run()]).save(0)
    assert all(isinstance(v, np.ndarray) and v.dtype != object for v in state.values())


def test_the_seed_alone_decides_init_and_exploration(run):
    """Paired comparisons: other hyperparameters leave the streams as they are."""
    packs = [start([run(seed=1, optimizer__lr=lr)]) for lr in (1e-3, 1e-5)]
    for pack in packs:
        train_to(pack, 39)
    states = [pack.save(0) for pack in packs]
    assert_equal(*states)
    other = start([run(seed=2)])
    assert not torch.equal(
        torch.from_numpy(other.save(0)["learner.online.0.weight"]),
        torch.from_numpy(start([run(seed=1)]).save(0)["learner.online.0.weight"]),
    )


def test_different_games_of_one_shape_share_a_pack(run, play):
    runs = [run("minatar/breakout"), run("minatar/asterix")]
    together = play(start(runs))
    for i, one in enumerate(runs):
        assert said(play(start([one])), 0) == said(together, i)


@pytest.mark.parametrize("unfinished", ["drop", "count"])
def test_episodes_that_the_steps_leave_unfinished_count_if_asked(unfinished, schedule):
    kept = Returns()
    steps = schedule(episodes=None, steps=103, cap=20, streams=3, unfinished=unfinished)
    evaluation = evaluated(steps, 2, [kept])
    assert evaluation.left.tolist() == [[35, 34, 34]] * 2
    evaluation.advance(random_actions, float("inf"))
    for member in range(2):
        whole, begun = kept.whole[member], [r for r in kept.going[member] if r is not None]
        assert begun and whole
        wanted = whole + begun if unfinished == "count" else whole
        assert sorted(evaluation.returns(member)) == sorted(wanted)


class Returns:
    """The returns of whole episodes by member, and of those that are under way by copy."""

    def begin(self, observations, actions):
        members, copies = actions.shape
        self.whole = [[] for _ in range(members)]
        self.going = [[None] * copies for _ in range(members)]

    def see(self, observations, actions, live):
        self.live = live

    def record(self, rewards, terminals, over):
        for member, copy in np.argwhere(self.live).tolist():
            total = (self.going[member][copy] or 0.0) + float(rewards[member, copy])
            self.going[member][copy] = None if over[member, copy] else total
            if over[member, copy]:
                self.whole[member].append(total)


def test_one_stream_plays_episode_after_episode(schedule):
    evaluation = evaluated(schedule(episodes=None, steps=200, cap=20, streams=1))
    assert evaluation.advance(random_actions, float("inf")) == 200
    assert len(evaluation.returns(0)) >= 10
