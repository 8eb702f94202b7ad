"""Look for confirmed patients in scope of whom the guideline says nothing at all.

Not all facts at once need be enumerated for that: where one action has a verdict, the others do not matter. Actions
are taken one after the other, and each takes away the states in which it has a verdict; what is left at the end is a
finding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lepto.space import Facts
from lepto.verify.actions import ActionStates
from lepto.verify.evaluate import MET, ask, name_of
from lepto.verify.findings import Found
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds

STATES = 5_000_000


@dataclass(frozen=True)
class Cover:
    """How many states of confirmed patients in scope were looked at, the actions that speak to all but `left` of them,
    which are a finding.
    """

    states: int
    actions: tuple[str, ...]
    left: int
    found: tuple[Found, ...]


def cover(grounds: Grounds, everything: dict[str, ActionStates]) -> Cover:
    """Look for patients without any verdict among all who decline nothing.

    Those who decline are left to the sample: whoever declines all that is offered gets nothing else, and is told so.
    """
    criteria = {name_of(row["criterion"]) for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/covered")}
    entry = [("criterion", name) for name in sorted(criteria)]
    chosen: list[str] = []
    grid, silent = _silent(grounds, everything, entry, chosen)
    for action in sorted(everything, key=lambda name: (everything[name].grid.combinations, name)):
        if not silent.any():
            break
        wider, still = _silent(grounds, everything, entry, [*chosen, action])
        if wider.sound.size <= STATES and still.mean() < silent.mean():
            chosen, grid, silent = [*chosen, action], wider, still
    found = []
    if silent.any():
        told = f"no verdict is shown on {', '.join(chosen)}, nor on any action that could be enumerated beside them"
        found.append(Found("Gap", (), int(silent.sum()), grid.patient(grid.at(int(np.argmax(silent)))), told))
    return Cover(int(grid.sound.sum()), tuple(chosen), int(silent.sum()), tuple(found))


def says_nothing(grounds: Grounds, patient: Facts) -> bool:
    """Say whether a patient gets no verdict and no request."""
    (outcome,), (asked,) = grounds.evaluator.outcomes([patient]), grounds.evaluator.asked([patient])
    return not outcome.verdicts and not asked.requests


def _silent(
    grounds: Grounds, everything: dict[str, ActionStates], entry: list[tuple[str, str]], actions: list[str]
) -> tuple[Grid, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """The states of confirmed patients in scope, and in which of them none of some actions has a verdict."""
    lists = {grounds.courses, grounds.declined}
    features = {f for action in actions for f in grounds.features_of(action) if f[0] not in lists} | set(entry)
    grid = Grid(grounds, sorted(features), {fact for action in actions for fact in grounds.settling(action)})
    silent = np.array(grid.sound)
    for feature in entry:
        silent &= grid.code(feature) == MET
    for action in actions:
        silent &= ~np.isin(everything[action].rules_number(grid), everything[action].speaking())
    return grid, silent
