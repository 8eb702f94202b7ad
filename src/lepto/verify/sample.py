"""Random patients over the whole joint space, of every stratum in turn, from a stated seed.

The grids look at one action, or two, at a time; the sample holds them against patients of whom everything at once may
be known: each must be of a kind that was enumerated, with the verdict that the kind has.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np

from lepto.space import Facts
from lepto.verify.actions import ActionStates
from lepto.verify.evaluate import MET, ask, name_of
from lepto.verify.findings import Found
from lepto.verify.gaps import says_nothing
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds

SILENCE = (0.0, 0.2, 0.5, 0.8)
COURSES = 3
ROUNDS = 2
ANYONE, REFUSING = "anyone", "declines everything"


def strata(grounds: Grounds) -> dict[str, list[Facts]]:
    """Return for every pathway the ways to meet all its entry criteria; two more strata put no condition."""
    entries: dict[str, set[str]] = {}
    for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/entries"):
        entries.setdefault(name_of(row["pathway"]), set()).add(name_of(row["criterion"]))
    found: dict[str, list[Facts]] = {ANYONE: [{}]}
    for pathway, criteria in sorted(entries.items()):
        found[pathway] = list(meeting(grounds, criteria))
    confirmed = {name_of(row["criterion"]) for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/covered")}
    found[REFUSING] = list(meeting(grounds, confirmed))
    return found


def meeting(grounds: Grounds, criteria: set[str]) -> Iterator[Facts]:
    """Yield a patient for every state in which all of some criteria are met."""
    grid = Grid(grounds, [("criterion", name) for name in sorted(criteria)])
    met = np.array(grid.sound)
    for feature in grid.features:
        met &= grid.code(feature) == MET
    for index in np.flatnonzero(met):
        yield grid.patient(grid.at(int(index)))


def drawn(grounds: Grounds, many: int, seed: int) -> list[tuple[str, Facts]]:
    """Return patients that the shapes accept, each with its stratum, the strata in turn; fewer where the shapes refuse
    nearly all that are tried.
    """
    chance = Random(seed)  # noqa: S311
    ways = {stratum: entries for stratum, entries in strata(grounds).items() if entries}
    courses = grounds.kinds_of_courses(grounds.rules)
    found: list[tuple[str, Facts]] = []
    for _ in range(ROUNDS * many):
        if len(found) >= many:
            break
        tried = [(stratum, _patient(grounds, chance, courses, stratum, entries)) for stratum, entries in ways.items()]
        sound = grounds.evaluator.sound([patient for _, patient in tried])
        found += [one for one, good in zip(tried, sound, strict=True) if good]
    return found[:many]


def _patient(grounds: Grounds, chance: Random, courses: list[Facts], stratum: str, entries: list[Facts]) -> Facts:
    silence = chance.choice(SILENCE)
    patient: Facts = {}
    for fact, values in grounds.space.single.items():
        value = chance.choice(values[1:])
        if chance.random() >= silence:
            patient[fact] = value
    patient[grounds.courses] = chance.sample(courses, chance.randrange(COURSES + 1))
    patient[grounds.declined] = chance.sample(sorted(grounds.rules), chance.choice((0, 0, 1, 2)))
    patient.update(chance.choice(entries))
    if stratum == REFUSING:
        patient[grounds.declined] = sorted(grounds.rules)
    return {fact: value for fact, value in patient.items() if value != []}


def held_against(
    grounds: Grounds, everything: dict[str, ActionStates], patients: list[tuple[str, Facts]]
) -> Iterator[Found]:
    """Yield what is found on drawn patients: a verdict that the grids do not foresee, a contradiction, a gap."""
    evaluator = grounds.evaluator
    outcomes = evaluator.outcomes([patient for _, patient in patients])
    rows = evaluator.rows([patient for _, patient in patients])
    confirmed = [
        evaluator.column["criterion", name_of(row["criterion"])]
        for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/covered")
    ]
    for (_, patient), outcome, row in zip(patients, outcomes, rows, strict=True):
        for action, states in everything.items():
            lists = (row[evaluator.column[name, action]] == MET for name in (grounds.courses, grounds.declined))
            kind = states.kind_of(outcome.rules, *lists)
            came = outcome.verdict(action)
            if kind is None or states.outcomes[kind].verdict(action) != came:
                foreseen = "no such kind" if kind is None else states.outcomes[kind].verdict(action)
                yield Found("Unforeseen", (action,), 1, patient, f"{action} is {came}; foreseen was {foreseen}")
        for action, given in outcome.verdicts.items():
            if len(given) > 1:
                yield Found("Contradiction", (action,), 1, patient, f"{action} is {outcome.verdict(action)}")
        if (row[confirmed] == MET).all() and not outcome.verdicts and says_nothing(grounds, patient):
            refused = (grounds.declined,) if grounds.declined in patient else ()
            yield Found("Gap", refused, 1, patient, "a confirmed patient in scope gets no verdict and no request")
