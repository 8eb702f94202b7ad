"""The abstract space is cut as the criteria cut it, and nothing that a criterion can tell apart is thrown together."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from lepto.space import candidates, intervals
from lepto.verify.evaluate import MET, Evaluator
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds


@pytest.mark.parametrize(
    "limits, told",
    [
        ([(">=", "70")], ["below 70", "70 or more"]),
        ([("<", "70")], ["below 70", "70 or more"]),
        ([(">", "70")], ["up to 70", "above 70"]),
        ([("<=", "70")], ["up to 70", "above 70"]),
        ([(">=", "70"), (">", "70")], ["below 70", "70 or more and up to 70", "above 70"]),
        ([("<", "1.0"), (">=", "6")], ["below 1.0", "1.0 or more and below 6", "6 or more"]),
    ],
)
def test_thresholds_cut_numbers_into_intervals(limits: list[tuple[str, str]], told: list[str]) -> None:
    """A threshold belongs to the side that its operator puts it on; where both kinds occur it is its own interval."""
    assert list(map(str, intervals(limits))) == told


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "limits", [[(">=", "70")], [(">", "70")], [(">=", "70"), (">", "70")], [("<", "1"), (">=", "6")]]
)
def test_every_interval_has_a_number_that_lies_in_it_and_in_no_other(
    limits: list[tuple[str, str]], whole: bool
) -> None:
    cut = intervals(limits)
    for interval in cut:
        numbers = candidates(interval, whole)
        assert numbers
        for number in numbers:
            assert [other for other in cut if other.holds(Decimal(str(number)))] == [interval]


def test_silence_is_a_value_of_every_fact(grounds: Grounds) -> None:
    """Each fact that a criterion reads may be unstated, and has at least two values besides."""
    assert len(grounds.space.single) > 15
    for fact, values in grounds.space.single.items():
        assert values[0] is None, fact
        assert len(values) > 2, fact
        assert None not in values[1:]


def test_what_no_criterion_reads_is_named(grounds: Grounds) -> None:
    """Facts that decide nothing are left out of the space, and are said to be."""
    read = set(grounds.space.single) | {name for course in grounds.space.courses for name in course}
    assert set(grounds.space.unread) == set(grounds.knowledge.facts) - read - {grounds.courses, grounds.declined}
    assert grounds.space.unread


def test_numbers_are_taken_that_no_shape_finds_odd(grounds: Grounds) -> None:
    """Of an interval's numbers the one is taken that the shapes let pass without a word: Karnofsky 10, not 69; a number
    that a contradiction names stands for itself.
    """
    assert grounds.space.single["karnofskyPerformanceStatus"] == (None, 0, 10, 70)


def test_every_contradiction_refuses_some_record(grounds: Grounds) -> None:
    """What contradictions read is part of the space: each refuses a combination of its values."""
    assert grounds.constraints
    for shape, facts in grounds.constraints.items():
        courses = [[], *([course] for course in grounds.space.courses)]
        domains = [courses if fact == grounds.courses else grounds.space.single[fact] for fact in facts]
        patients = [
            {fact: value for fact, value in zip(facts, values, strict=True) if value not in (None, [])}
            for values in product(*domains)
        ]
        alone = grounds.evaluator.sound(patients)
        single = [patient for patient, good in zip(patients, alone, strict=True) if not good and len(patient) > 1]
        assert single, f"{shape} refuses nothing"


def test_alike_values_have_the_same_standing_whatever_the_rest(grounds: Grounds) -> None:
    """Members of one class have, with any values of the other facts, the same standing of all criteria in question."""
    features = [("criterion", name) for name in ("EstablishedLeptomeningealMetastasis", "LinearDepositsPresent")]
    grid = Grid(grounds, features)
    columns = [grounds.evaluator.column[feature] for feature in features]
    looked_at = 0
    for place, axis in enumerate(grid.axes):
        state = [len(other.classes) - 1 for other in grid.axes]
        for at, members in enumerate(axis.classes):
            state[place] = at
            patient = grid.patient(state)
            others = [
                {**patient, axis.fact: axis.values[member]}
                if axis.values[member] is not None
                else {name: value for name, value in patient.items() if name != axis.fact}
                for member in members
            ]
            rows = grounds.evaluator.rows(others)[:, columns]
            assert (rows == rows[0]).all(), (axis.fact, members)
            looked_at += len(members) > 1
    assert looked_at, "no class has two members"


def test_a_grid_leaves_out_what_the_shapes_refuse(grounds: Grounds) -> None:
    """A diagnosis that is excluded while cytology is positive is no state."""
    grid = Grid(grounds, [("criterion", "EstablishedLeptomeningealMetastasis")])
    assert 0 < grid.sound.sum() < grid.sound.size
    states = [grid.patient(grid.at(index)) for index in range(grid.sound.size)]
    assert grounds.evaluator.sound(states) == grid.sound.ravel().tolist()


def test_lists_of_courses_show_every_combination_of_what_criteria_say_of_them(grounds: Grounds) -> None:
    """Two criteria on courses that different courses meet are met together by some list."""
    features = [("criterion", name) for name in ("CraniospinalIrradiationOnRecord", "WholeBrainRadiotherapyOnRecord")]
    grid = Grid(grounds, features)
    first, second = (grid.code(feature).ravel() == MET for feature in features)
    assert {(bool(one), bool(two)) for one, two in zip(first, second, strict=True)} == {
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    }


def test_processes_answer_as_one_does(grounds: Grounds) -> None:
    """The same patients get the same answers from several processes as from one, in their order."""
    patients = [{"ageYears": age, "csfProtein": protein} for age in range(18, 40) for protein in range(80, 95)]
    with (
        Evaluator(grounds.evaluator.root, processes=2) as several,
        Evaluator(grounds.evaluator.root, processes=1) as one,
    ):
        assert len(patients) > 200
        assert (several.rows(patients) == one.rows(patients)).all()
