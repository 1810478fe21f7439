"""Who goes on from whom in a round, and with which hyperparameters: by hand, and by seed alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweeper.trainable.population.evolution import first_generation, next_generation, ranked
from sweeper.trainable.population.rules import Rules
from sweeper.trainable.population.searched import Searched

LR = {"kind": "float", "low": 1e-5, "high": 1e-2, "log": True}


def rules(size: int = 8, frequencies: tuple[int, ...] = (1,), **keys: Any) -> Rules:
    body = {
        "size": size,
        "every": 10,
        "over": {"lr": LR},
        "quantile": 0.25,
        "perturb": [0.8, 1.25],
        "resample": 0.0,
        "frequencies": [*frequencies],
        "metric": "return",
        "direction": "maximize",
    }
    return Rules.of_json(body | keys)


def lrs(size: int) -> list[dict[str, float]]:
    return [{"lr": 1e-4 * (1 + member)} for member in range(size)]


def test_the_lowest_quarter_goes_on_from_the_highest_perturbed() -> None:
    params, scores = lrs(8), [5.0, 1.0, 7.0, 3.0, 8.0, 2.0, 6.0, 4.0]
    found = next_generation(scores, params, rules(), seed=3, round=1)
    assert [one for one in range(8) if found[one] != (one, params[one])] == [1, 5]
    for member in (1, 5):
        donor, own = found[member]
        assert donor in (2, 4)
        assert own["lr"] / params[donor]["lr"] in (pytest.approx(0.8), pytest.approx(1.25))


def test_donors_and_factors_are_all_drawn_in_the_long_run() -> None:
    params, scores = lrs(8), [float(member) for member in range(8)]
    made = [next_generation(scores, params, rules(), 0, n)[0] for n in range(1, 200)]
    assert {donor for donor, _ in made} == {6, 7}
    ratios = [own["lr"] / params[donor]["lr"] for donor, own in made]
    assert 60 < sum(ratio > 1 for ratio in ratios) < 140


def test_small_values_are_better_where_the_space_says_so() -> None:
    scores = [5.0, 1.0, 7.0, 3.0]
    least = rules(4, direction="minimize")
    assert ranked(scores, least) == [1, 3, 0, 2]
    assert [donor for donor, _ in next_generation(scores, lrs(4), least, 0, 1)] == [0, 1, 1, 3]


def test_of_equal_scores_the_lowest_number_is_best() -> None:
    assert ranked([1.0, 2.0, 2.0, 1.0], rules(4)) == [1, 2, 0, 3]


def test_a_member_without_a_score_is_always_replaced() -> None:
    scores = [None, None, None, 3.0, 4.0, None, 6.0, 7.0]
    found = next_generation(scores, lrs(8), rules(), 0, 1)
    assert [one for one, (donor, _) in enumerate(found) if donor != one] == [0, 1, 2, 5]
    assert {found[one][0] for one in (0, 1, 2, 5)} <= {6, 7}


def test_one_that_is_left_is_everyones_parent() -> None:
    found = next_generation([None, 2.0, None, None], lrs(4), rules(4), 0, 1)
    assert [donor for donor, _ in found] == [1, 1, 1, 1]


def test_without_any_score_all_go_on() -> None:
    params = lrs(4)
    assert next_generation([None] * 4, params, rules(4), 0, 1) == [*enumerate(params)]


def test_the_seed_and_the_round_alone_decide() -> None:
    scores, params = [float(member) for member in range(16)], lrs(16)
    again = [next_generation(scores, params, rules(16), 5, 2) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != next_generation(scores, params, rules(16), 5, 3)
    assert again[0] != next_generation(scores, params, rules(16), 6, 2)


TWO = rules(8, (1, 3))
"""Members 0 to 3 evolve every round, 4 to 7 every third."""


def test_sub_populations_evolve_in_their_own_rounds() -> None:
    scores = [4.0, 3.0, 2.0, 1.0, 0.4, 0.3, 0.2, 0.1]
    early = next_generation(scores, lrs(8), TWO, 0, 1)
    assert [donor for donor, _ in early] == [0, 1, 2, 0, 4, 5, 6, 7]
    third = next_generation(scores, lrs(8), TWO, 0, 3)
    assert [donor for donor, _ in third] == [0, 1, 2, 0, 4, 5, 0, 4]


def test_of_a_faster_one_comes_the_state_with_a_local_winners_hyperparameters() -> None:
    params = lrs(8)
    found = next_generation([4.0, 3.0, 2.0, 1.0, 0.4, 0.3, 0.2, 0.1], params, TWO, 0, 3)
    assert found[6] == (0, params[4])  # 6 is third of its four, 4 the best of them


def test_of_a_slower_one_comes_a_whole_clone() -> None:
    params = lrs(8)
    found = next_generation([0.4, 0.3, 0.2, 0.1, 1.0, 2.0, 3.0, 4.0], params, TWO, 0, 1)
    assert found[2] == (7, params[7])


def test_nobody_migrates_who_is_not_better() -> None:
    scores = [0.9, 0.8, 0.7, 0.1, 0.6, 0.5, 0.4, 0.3]
    assert next_generation(scores, lrs(8), TWO, 0, 1)[2] == (2, lrs(8)[2])


def test_each_stranger_comes_once_the_best_first() -> None:
    sixteen = rules(16, (1, 2))
    scores = [8.0, 7.0, 6.0, 5.0, 2.0, 1.5, 0.2, 0.1, 4.0, 3.0, 1.8, 1.7, 1.6, 0.9, 0.8, 0.7]
    found = next_generation(scores, lrs(16), sixteen, 0, 1)
    assert [found[member][0] for member in (4, 5)] == [8, 9]
    few = [*scores[:8], 4.0, 1.0, *scores[10:]]
    assert [next_generation(few, lrs(16), sixteen, 0, 1)[m][0] for m in (4, 5)] == [8, 10]


def test_the_best_of_all_is_never_replaced() -> None:
    four, rng = rules(16, (1, 2, 4, 8)), np.random.default_rng(0)
    for number in range(1, 50):
        scores = rng.random(16).tolist()
        best = int(np.argmax(scores))
        params = lrs(16)
        assert next_generation(scores, params, four, 0, number)[best] == (best, params[best])


def test_a_sub_population_without_scores_begins_from_the_best_of_all() -> None:
    scores = [None] * 4 + [1.0, 2.0, 3.0, 4.0]
    found = next_generation(scores, lrs(8), TWO, 0, 1)
    assert [donor for donor, _ in found] == [7, 7, 7, 7, 4, 5, 6, 7]


def test_what_is_drawn_afresh_fills_the_range_by_ratio() -> None:
    afresh = rules(8, resample=1.0)
    scores = [float(member) for member in range(8)]
    drawn = [next_generation(scores, lrs(8), afresh, 0, n)[0][1]["lr"] for n in range(1, 400)]
    assert 1e-5 <= min(drawn) < 2e-5 and 5e-3 < max(drawn) <= 1e-2
    assert np.median(drawn) == pytest.approx(10**-3.5, rel=0.5)


def test_members_begin_with_values_of_their_own() -> None:
    found = first_generation(rules(16), 1)
    assert len({one["lr"] for one in found}) == 16 and found == first_generation(rules(16), 1)
    assert found != first_generation(rules(16), 2)


@pytest.mark.parametrize("value", [2, 8, 32])
def test_a_neighbour_of_a_list_is_beside_it(value: int) -> None:
    one = Searched.of_json({"kind": "int", "values": [32, 2, 8]})
    beside = {2: {8}, 8: {2, 32}, 32: {8}}[value]
    assert {one.perturbed(value, share, (0.8, 1.2)) for share in (0.0, 0.4, 0.6, 0.99)} == beside
    assert {one.drawn(share) for share in (0.0, 0.5, 0.99)} == {2, 8, 32}


def test_whole_numbers_stay_whole_and_move() -> None:
    one = Searched.of_json({"kind": "int", "low": 1, "high": 10})
    found = [one.perturbed(value, share, (0.8, 1.2)) for value in (1, 2, 10) for share in (0, 0.9)]
    assert found == [1, 2, 1, 3, 8, 10] and all(isinstance(number, int) for number in found)
    assert {one.drawn(share) for share in np.linspace(0, 0.999, 100)} == {*range(1, 11)}


def test_steps_are_kept() -> None:
    one = Searched.of_json({"kind": "float", "low": 0.0, "high": 1.0, "step": 0.1})
    assert one.perturbed(0.5, 0.9, (0.8, 1.2)) == 0.6 and one.perturbed(0.1, 0, (0.8, 1.2)) == 0.0
    assert one.drawn(0.3) == 0.3


def test_ranges_are_kept() -> None:
    one = Searched.of_json(LR)
    assert one.perturbed(9.9e-3, 0.9, (0.8, 1.2)) == 1e-2
    assert one.perturbed(1.1e-5, 0.0, (0.8, 1.2)) == 1e-5


def test_a_normal_axis_is_drawn_as_one() -> None:
    one = Searched.of_json({"kind": "normal", "mean": 1.0, "sd": 0.2, "low": 0.5, "high": 2.0})
    drawn = [one.drawn(share) for share in np.linspace(0.001, 0.999, 500)]
    assert np.mean(drawn) == pytest.approx(1.0, abs=0.02)
    assert np.std(drawn) == pytest.approx(0.2, abs=0.02) and min(drawn) >= 0.5


def test_quarters_of_few_hold_one() -> None:
    assert rules(4).bracket == 1 and rules(5).bracket == 1 and rules(16, (1, 2)).bracket == 2
    assert replace(rules(16), quantile=0.5).bracket == 8
