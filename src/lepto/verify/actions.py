"""Every rule and every action over its whole grid: the standing of the rule, the verdict on the action.

A rule's standing follows from those of its criteria, and the verdict on an action from the standings of the rules
that bear on it, from the plan and from refusals. States that agree in these are of one *kind*, and SPARQL derives one
patient of each kind, by the route that every patient takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lepto.errors import KnowledgeError
from lepto.space import Facts
from lepto.verify.evaluate import MET, Codes, Outcome
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds

Numbers = NDArray[np.int64]
# Two lists of three codes come on top of the rules.
ROOM = 2**62 // 9


def numbered(parts: Sequence[tuple[NDArray[np.int8] | NDArray[np.bool_], int]]) -> Numbers:
    """Return one number for every combination of codes: each part is an array and how many codes it may hold."""
    number, room = np.zeros((), dtype=np.int64), 1
    for codes, many in parts:
        number = number + codes.astype(np.int64) * room
        room *= many
    if room > ROOM:
        raise KnowledgeError(f"{len(parts)} things that one verdict rests on are too many to enumerate")
    return number


@dataclass(frozen=True)
class RuleStates:
    """The standing of one rule by the number of its criteria's standings, over all `combinations` of values."""

    kinds: Numbers
    standings: Codes
    combinations: int
    states: int

    @property
    def reached(self) -> set[int]:
        """The standings that the rule ever has."""
        return set(self.standings.tolist())


class Rules:
    """The standing of every rule in every state of a grid.

    In: the grounds. Each rule is enumerated over the facts on which it rests, once.
    """

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self.states: dict[str, RuleStates] = {}

    def code(self, rule: str, grid: Grid) -> Codes:
        """Return the standing of a rule in every state, as an array that broadcasts to the grid's shape."""
        found = self.of(rule)
        number = self._number(rule, grid)
        place = np.searchsorted(found.kinds, number)
        known = (place < len(found.kinds)) & (found.kinds[np.minimum(place, len(found.kinds) - 1)] == number)
        # A combination that the shapes refuse in the rule's own grid has no standing; it is unsound here as well.
        codes: Codes = np.where(known, found.standings[np.minimum(place, len(found.kinds) - 1)], 0).astype(np.int8)
        return codes

    def of(self, rule: str) -> RuleStates:
        """Return the standing of a rule over its own grid."""
        if rule not in self.states:
            self.states[rule] = self._enumerated(rule)
        return self.states[rule]

    def _enumerated(self, rule: str) -> RuleStates:
        settled = self.grounds.settled.get(rule)
        grid = Grid(self.grounds, self.grounds.criteria_of(rule), [settled] if settled else [])
        number = np.broadcast_to(self._number(rule, grid), grid.shape)
        kinds, first = np.unique(number[grid.sound], return_index=True)
        where = np.flatnonzero(grid.sound)[first]
        found = self.grounds.evaluator.rules([grid.patient(grid.at(index)) for index in where])
        standings = np.array([standing[rule] for standing in found], dtype=np.int8)
        return RuleStates(kinds, standings, grid.combinations, int(grid.sound.sum()))

    def _number(self, rule: str, grid: Grid) -> Numbers:
        settled = self.grounds.settled.get(rule)
        parts = [(grid.code(feature), 3) for feature in self.grounds.criteria_of(rule)]
        return numbered([*parts, *([(grid.stated(settled), 2)] if settled else [])])


class ActionStates:
    """The verdict on one action in every state.

    `kinds`: the number of every kind, sorted; `of_state`: which of them each state is, -1 where the shapes refuse it;
    `counts`: how many states each has; `outcomes`: what SPARQL derived of a patient of each kind.
    """

    def __init__(self, rules: Rules, action: str) -> None:
        self.rules, self.grounds, self.action = rules, rules.grounds, action
        self.grid = Grid(
            self.grounds, self.grounds.features_of(action), self.grounds.settling(action), actions=[action]
        )
        number = np.broadcast_to(self.number(self.grid), self.grid.shape)
        self.kinds, first, place, self.counts = np.unique(
            number[self.grid.sound], return_index=True, return_inverse=True, return_counts=True
        )
        self.of_state = np.full(self.grid.shape, -1, dtype=np.int32)
        self.of_state[self.grid.sound] = place
        self.where = np.flatnonzero(self.grid.sound)[first]
        self.patients: list[Facts] = [self.grid.patient(self.grid.at(index)) for index in self.where]
        self.outcomes: list[Outcome] = self.grounds.evaluator.outcomes(self.patients)

    def number(self, grid: Grid) -> Numbers:
        """Return the number of the kind of every state of a grid, as an array that broadcasts to its shape."""
        lists = [(grid.code((name, self.action)), 3) for name in (self.grounds.courses, self.grounds.declined)]
        return self.rules_number(grid) + self._room * numbered(lists)

    def rules_number(self, grid: Grid) -> Numbers:
        """Return that part of the number of a kind which the rules make up."""
        return numbered([(self.rules.code(rule, grid), 3) for rule in self._bearing])

    def kind_of(self, standing: Mapping[str, int], planned: bool, declined: bool) -> int | None:
        """Return the kind of a patient, by the standings of the rules, the plan and a refusal; None where no state is
        of that kind.
        """
        number = sum(standing[rule] * 3**place for place, rule in enumerate(self._bearing))
        number += self._room * (MET * planned + 3 * MET * declined)
        place = int(np.searchsorted(self.kinds, number))
        return place if place < len(self.kinds) and self.kinds[place] == number else None

    @property
    def _bearing(self) -> list[str]:
        return sorted(self.grounds.rules[self.action])

    @property
    def _room(self) -> int:
        return int(3 ** len(self.grounds.rules[self.action]))

    def offering(self) -> Numbers:
        """Return the rules' part of the number of every kind in which the action is offered."""
        return self._parts([any(way == "Offered" for way, _ in o.verdicts.get(self.action, ())) for o in self.outcomes])

    def speaking(self) -> Numbers:
        """Return the rules' part of the number of every kind that is given a verdict though the action is neither
        planned nor declined.
        """
        told = np.array([bool(outcome.verdicts.get(self.action)) for outcome in self.outcomes], dtype=bool)
        return self._parts(told & (self.kinds < self._room))

    def _parts(self, chosen: Sequence[bool] | NDArray[np.bool_]) -> Numbers:
        return np.unique(self.kinds[np.array(chosen, dtype=bool)] % self._room)

    def words(self) -> list[str]:
        """Return the verdict of every kind, as one word."""
        return [outcome.verdict(self.action) for outcome in self.outcomes]

    def over_states(self, values: Sequence[int]) -> Codes:
        """Spread a small number a kind over all states; -1 where the shapes refuse a state."""
        table = np.array([*values, -1], dtype=np.int8)
        return table[self.of_state]
