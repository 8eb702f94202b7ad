"""Verify the guideline over every patient it could meet.

Criteria, rules, actions and pairs of actions are enumerated over all values of the facts on which they rest; the
whole joint space is sampled. What is found is a class of findings with a count and one witness; a class that the
ontology does not accept, with a reason, is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from lepto.verify.actions import ActionStates, Rules
from lepto.verify.evaluate import Evaluator, ask, name_of
from lepto.verify.findings import (
    Found,
    Strengths,
    idle_requests,
    interacting,
    of_action,
    of_asks,
    of_rules,
    opposite_strata,
    together,
)
from lepto.verify.gaps import cover
from lepto.verify.grid import Grid
from lepto.verify.grounds import Grounds
from lepto.verify.sample import drawn, held_against

__all__ = ["Accepted", "Enumeration", "FindingClass", "Verification", "verify"]

SAMPLE, SEED, REQUESTS = 2_000, 20261124, 300


@dataclass(frozen=True)
class Accepted:
    """A finding that the ontology accepts: its name, the kind, all that it may be about, and why."""

    name: str
    kind: str
    concerns: frozenset[str]
    reason: str

    def covers(self, found: Found) -> bool:
        """Say whether a finding is accepted by this: one that is about nothing in particular never is."""
        return found.kind == self.kind and bool(found.about) and set(found.about) <= self.concerns


@dataclass(frozen=True)
class FindingClass:
    """All findings of one kind about the same things: one of them, with the states of all, and what accepts them."""

    found: Found
    accepted: Accepted | None


@dataclass(frozen=True)
class Enumeration:
    """How much was looked at: so `many` `things`, in so many `combinations` of values. `states`: into how many classes
    of combinations that nothing can tell apart those fall which the shapes accept; `derived`: how many patients were
    derived as far as their verdicts.
    """

    things: str
    many: int
    combinations: int
    states: int
    derived: int
    seconds: float


@dataclass(frozen=True)
class Verification:
    """What verification found; `stale` are the accepted findings that nothing shows any more."""

    enumerations: tuple[Enumeration, ...]
    findings: tuple[FindingClass, ...]
    stale: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether something was found that is not accepted, accepted and not found, or nothing was looked at."""
        new = any(finding.accepted is None for finding in self.findings)
        return new or bool(self.stale) or any(not one.many or not one.states for one in self.enumerations)


Progress = Callable[[str], None]


def verify(
    root: Path,
    *,
    actions: Sequence[str] = (),
    sample: int = SAMPLE,
    seed: int = SEED,
    processes: int | None = None,
    progress: Progress = lambda _: None,
) -> Verification:
    """Verify the guideline in a folder of knowledge.

    In: the folder; the actions to look at, all where none is named; how many patients to draw over the joint space, and
    from which seed; how many processes may work; who wants to hear what is being done. With actions named, only what
    concerns each alone is looked at. Raises KnowledgeError for an action that no rule bears on.
    """
    with Evaluator(root, processes) as evaluator:
        return _Run(Grounds(evaluator), progress).verified(actions, sample, seed)


class _Run:
    """One run, with what it has looked at so far."""

    def __init__(self, grounds: Grounds, progress: Progress) -> None:
        self.grounds, self.progress = grounds, progress
        self.strengths, self.rules = Strengths(grounds), Rules(grounds)
        self.states: dict[str, ActionStates] = {}
        self.enumerations: list[Enumeration] = []
        self.found: list[Found] = []

    def verified(self, actions: Sequence[str], sample: int, seed: int) -> Verification:
        self.grounds.require(actions)
        chosen = sorted(set(actions)) or sorted(self.grounds.rules)
        if not actions:
            self._looked_at("criteria", self._criteria)
        self._looked_at("rules", lambda: self._rules(chosen))
        self._looked_at("actions", lambda: self._actions(chosen))
        self._looked_at("requests", lambda: self._requests(seed))
        if not actions:
            self._looked_at("strata that exclude each other", self._strata)
            self._looked_at("pairs of offers that must not be combined", self._pairs)
            self._looked_at("confirmed patients in scope", self._gaps)
            self._looked_at("patients drawn", lambda: self._sample(sample, seed))
        accepted = list(_accepted(self.grounds))
        classes = tuple(_classes(self.found, accepted))
        used = {finding.accepted.name for finding in classes if finding.accepted}
        stale = () if actions else tuple(sorted(entry.name for entry in accepted if entry.name not in used))
        return Verification(tuple(self.enumerations), classes, stale, self.grounds.space.unread)

    def _looked_at(self, things: str, look: Callable[[], tuple[int, int, int]]) -> None:
        start, derived = monotonic(), self.grounds.evaluator.derived
        many, combinations, states = look()
        derived = self.grounds.evaluator.derived - derived
        self.enumerations.append(Enumeration(things, many, combinations, states, derived, monotonic() - start))

    def _criteria(self) -> tuple[int, int, int]:
        grids = []
        for criterion in sorted(self.grounds.reads):
            self.progress(f"criterion {criterion}")
            grids.append(Grid(self.grounds, [("criterion", criterion)]))
        return len(grids), sum(grid.combinations for grid in grids), sum(int(grid.sound.sum()) for grid in grids)

    def _rules(self, actions: Sequence[str]) -> tuple[int, int, int]:
        names = sorted({rule for action in actions for rule in self.grounds.rules[action]})
        for rule in names:
            self.progress(f"rule {rule}")
            self.rules.of(rule)
        states = [self.rules.of(rule) for rule in names]
        return len(names), sum(one.combinations for one in states), sum(one.states for one in states)

    def _actions(self, actions: Sequence[str]) -> tuple[int, int, int]:
        for action in actions:
            self.progress(f"action {action}")
            self.states[action] = ActionStates(self.rules, action)
            self.found += of_action(self.states[action], self.strengths)
        if len(actions) == len(self.grounds.rules):
            self.found += of_rules(self.states, self.strengths)
            self.found += of_asks(self.rules, self.strengths)
        grids = [states.grid for states in self.states.values()]
        return len(grids), sum(grid.combinations for grid in grids), sum(int(grid.sound.sum()) for grid in grids)

    def _requests(self, seed: int) -> tuple[int, int, int]:
        looked_at = kinds = 0
        for action, states in self.states.items():
            self.progress(f"requests about {action}")
            many, found = idle_requests(states, REQUESTS, seed)
            looked_at, kinds = looked_at + many, kinds + min(REQUESTS, len(states.kinds))
            self.found += found
        return looked_at, kinds, kinds

    def _strata(self) -> tuple[int, int, int]:
        pairs = list(opposite_strata(self.grounds))
        self.found += [found for _, _, found in pairs if found]
        states = sum(states for _, states, _ in pairs)
        return len(pairs), states, states

    def _pairs(self) -> tuple[int, int, int]:
        pairs, states, combinations = interacting(self.grounds, self.strengths), 0, 0
        for pair, why in pairs.items():
            self.progress(f"pair {' and '.join(pair)}")
            looked_at = together(self.states, pair, why)
            states, combinations = states + looked_at.states, combinations + looked_at.combinations
            if looked_at.witness is not None:
                told = f"{pair[0]} and {pair[1]} are offered together, and {why}"
                self.found.append(Found("OffersNotToBeCombined", pair, looked_at.together, looked_at.witness, told))
        return len(pairs), combinations, states

    def _gaps(self) -> tuple[int, int, int]:
        self.progress("gaps")
        looked_at = cover(self.grounds, self.states)
        self.found += looked_at.found
        return looked_at.states, looked_at.states, looked_at.states

    def _sample(self, many: int, seed: int) -> tuple[int, int, int]:
        self.progress(f"{many} patients drawn from seed {seed}")
        patients = drawn(self.grounds, many, seed)
        self.found += held_against(self.grounds, self.states, patients)
        return len(patients), len(patients), len(patients)


def _accepted(grounds: Grounds) -> Iterator[Accepted]:
    rows: dict[str, tuple[str, str, set[str]]] = {}
    for row in ask(grounds.knowledge, grounds.knowledge.store, "verify/accepted"):
        _, _, concerns = rows.setdefault(name_of(row["finding"]), (name_of(row["kind"]), row["reason"].value, set()))
        if row["concerns"] is not None:
            concerns.add(name_of(row["concerns"]))
    for name, (kind, reason, concerns) in sorted(rows.items()):
        yield Accepted(name, kind, frozenset(concerns), reason)


def _classes(found: Iterable[Found], accepted: Sequence[Accepted]) -> Iterator[FindingClass]:
    classes: dict[tuple[str, tuple[str, ...]], Found] = {}
    for one in found:
        before = classes.get((one.kind, one.about))
        classes[one.kind, one.about] = replace(before, states=before.states + one.states) if before else one
    for key in sorted(classes):
        yield FindingClass(classes[key], next((entry for entry in accepted if entry.covers(classes[key])), None))
