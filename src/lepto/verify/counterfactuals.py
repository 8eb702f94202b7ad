"""What would have to be different, or known, for a verdict to change: the smallest sets of facts, proved minimal.

Every state of the action's grid that differs from the patient's in up to so many facts is looked at, the nearest first.
A set of facts is minimal for a verdict where it leads there and no smaller part of it does; that nothing smaller was
overlooked follows from the enumeration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from pyoxigraph import Literal, NamedNode

from lepto.read import Record
from lepto.space import Facts
from lepto.verify.evaluate import NOT_MET, Codes, Outcome
from lepto.verify.findings import UNDETERMINED, shown
from lepto.verify.grid import Axis, Grid
from lepto.verify.grounds import Grounds
from lepto.vocabulary import LEPTO, XSD_BOOLEAN, XSD_DATE, XSD_INTEGER, local_name

CHANGES = 3


@dataclass(frozen=True)
class Change:
    """A fact that would be different: as it is (None where it is not stated), and the values that do equally well.

    Of the courses of treatment, how the list would differ by one of them.
    """

    fact: str
    before: Any
    after: tuple[Any, ...]


@dataclass(frozen=True)
class Counterfactual:
    """A minimal set of changes, and the verdict to which it leads."""

    verdict: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class OpenFact:
    """A fact that is not stated: the actions whose verdicts it would settle whatever it is, and those that it may."""

    fact: str
    settles: tuple[str, ...]
    may_settle: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why a verdict is what it is, by what would change it.

    `counterfactuals`: every minimal set of up to `up_to` changes; `looked_at`: how many states were; `open_facts`: what
    is not stated, ranked by how many of the patient's undetermined verdicts it would settle.
    """

    patient: str
    action: str
    verdict: str
    counterfactuals: tuple[Counterfactual, ...]
    looked_at: int
    up_to: int
    open_facts: tuple[OpenFact, ...]


def explain(grounds: Grounds, record: Record, action: str, up_to: int = CHANGES) -> Explanation:
    """Explain the verdict on an action for one patient whose record the shapes accept.

    In: the grounds; the record; the action; how many facts may change at once. Raises KnowledgeError for an action on
    which no rule bears.
    """
    grounds.require([action])
    patient = facts_of(grounds, record)
    (outcome,) = grounds.evaluator.outcomes([patient])
    near = _Neighbourhood(grounds, action, patient)
    found, looked_at = near.counterfactuals(outcome.verdict(action), up_to)
    ranked = sorted(
        _open_facts(grounds, patient, outcome),
        key=lambda fact: (-len(fact.settles), -len(fact.may_settle), fact.fact),
    )
    return Explanation(record.patient, action, outcome.verdict(action), tuple(found), looked_at, up_to, tuple(ranked))


def facts_of(grounds: Grounds, record: Record) -> Facts:
    """Return what a record states, as a JSON file would state it."""
    stated: dict[str, list[tuple[str, object]]] = {}
    for triple in record.triples:
        if isinstance(triple.subject, NamedNode) and triple.predicate.value.startswith(LEPTO):
            stated.setdefault(triple.subject.value, []).append((local_name(triple.predicate.value), triple.object))

    def facts(subject: str) -> Facts:
        found: Facts = {}
        for name, term in stated.get(subject, ()):
            fact = grounds.knowledge.facts[name]
            nested = fact.nested and isinstance(term, NamedNode)
            value = facts(term.value) if nested and isinstance(term, NamedNode) else _plain(term)
            if fact.many:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found

    return facts(record.iri)


def _plain(term: object) -> Any:
    if isinstance(term, NamedNode):
        return local_name(term.value)
    assert isinstance(term, Literal)
    kind = term.datatype.value
    if kind == XSD_BOOLEAN:
        return term.value == "true"
    if kind == XSD_INTEGER:
        return int(term.value)
    return term.value if kind == XSD_DATE else float(term.value)


class _Neighbourhood:
    """The states around one patient in the grid of one action."""

    def __init__(self, grounds: Grounds, action: str, patient: Facts) -> None:
        self.grounds, self.action, self.patient = grounds, action, patient
        features = grounds.features_of(action)
        self.grid = Grid(grounds, features, grounds.settling(action), actions=[action])
        self.codes: list[Codes] = [np.broadcast_to(self.grid.code(feature), self.grid.shape) for feature in features]
        self.settling = [np.broadcast_to(self.grid.stated(fact), self.grid.shape) for fact in grounds.settling(action)]
        self.here = tuple(self._place(axis) for axis in self.grid.axes)
        self.edits = self._edits_of_courses()
        self.outcomes: dict[tuple[int, ...], Outcome] = {}

    def _place(self, axis: Axis) -> int:
        """The class of the patient's value of a fact."""
        value = self.patient.get(axis.fact)
        if axis.fact == self.grounds.courses:
            return self._place_of_courses(axis, value or [])
        if axis.fact == self.grounds.declined:
            column = self.grounds.evaluator.column[axis.fact, self.action]
            declined = self.grounds.evaluator.rows([{axis.fact: value or []}])[0, column] != NOT_MET
            return next(place for place in range(len(axis.classes)) if bool(axis.value(place)) == declined)
        index = self.grounds.space.place(axis.fact, value)
        return next(place for place, members in enumerate(axis.classes) if index in members)

    def _place_of_courses(self, axis: Axis, value: list[Facts]) -> int:
        (place,) = self._classes_of(axis, [value])
        assert place is not None, "every list of courses is alike to one that was enumerated"
        return place

    def _classes_of(self, axis: Axis, lists: Sequence[list[Facts]]) -> list[int | None]:
        """The classes of lists of courses, by what the grid can tell of them."""
        known = self.grid.signatures(axis.values)
        class_of = {known[member]: place for place, members in enumerate(axis.classes) for member in members}
        return [class_of.get(signature) for signature in self.grid.signatures(lists)]

    def _edits_of_courses(self) -> dict[int, list[tuple[list[Facts], str]]]:
        """The classes that one course more or less leads to, each with the lists and how to say the edits."""
        own: list[Facts] = self.patient.get(self.grounds.courses) or []
        edits = [([*own[:at], *own[at + 1 :]], f"without {shown(course)}") for at, course in enumerate(own)]
        more = (course for course in self.grounds.kinds_of_courses([self.action]) if course not in own)
        edits += [([*own, course], f"with {shown(course)}" + " as well" * bool(own)) for course in more]
        axis = self.grid.axes[self.grid.facts.index(self.grounds.courses)]
        found: dict[int, list[tuple[list[Facts], str]]] = {}
        for edit, place in zip(edits, self._classes_of(axis, [entry for entry, _ in edits]), strict=True):
            if place is not None:
                found.setdefault(place, []).append(edit)
        return found

    def counterfactuals(self, verdict: str, up_to: int) -> tuple[list[Counterfactual], int]:
        """Return the minimal sets of changes, the smallest first, and how many states were looked at."""
        found: list[Counterfactual] = []
        minimal: dict[str, list[frozenset[int]]] = {}
        looked_at = 1
        for size in range(1, up_to + 1):
            near = [state for state in self._at_distance(size) if self.grid.sound[state]]
            sound = self.grounds.evaluator.sound([self._changed(state) for state in near])
            states = [state for state, good in zip(near, sound, strict=True) if good]
            looked_at += len(states)
            self._derive(states)
            reached: dict[tuple[str, tuple[int, ...]], list[tuple[int, ...]]] = {}
            for state in states:
                other = self.outcomes[self._kind(state)].verdict(self.action)
                changed = tuple(place for place, at in enumerate(state) if at != self.here[place])
                if other != verdict and not any(part <= set(changed) for part in minimal.get(other, ())):
                    reached.setdefault((other, changed), []).append(state)
            for (other, changed), ways in sorted(reached.items()):
                minimal.setdefault(other, []).append(frozenset(changed))
                found += [Counterfactual(other, changes) for changes in self._told(changed, ways)]
        return found, looked_at

    def _at_distance(self, size: int) -> Iterator[tuple[int, ...]]:
        for places in combinations(range(len(self.here)), size):
            others = [[at for at in self._reachable(place) if at != self.here[place]] for place in places]
            for chosen in product(*others):
                state = list(self.here)
                for place, at in zip(places, chosen, strict=True):
                    state[place] = at
                yield tuple(state)

    def _reachable(self, place: int) -> Iterable[int]:
        """The classes to which one change of a fact leads: of the courses, one course more or less."""
        courses = self.grid.axes[place].fact == self.grounds.courses
        return sorted(self.edits) if courses else range(self.grid.shape[place])

    def _kind(self, state: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(codes[state]) for codes in (*self.codes, *self.settling))

    def _derive(self, states: Sequence[tuple[int, ...]]) -> None:
        """Derive one patient of every kind that is new: this patient, with the changes of a state."""
        new = {kind: state for state in states if (kind := self._kind(state)) not in self.outcomes}
        outcomes = self.grounds.evaluator.outcomes([self._changed(state) for state in new.values()])
        self.outcomes.update(zip(new, outcomes, strict=True))

    def _changed(self, state: tuple[int, ...]) -> Facts:
        changed = dict(self.patient)
        for axis, before, after in zip(self.grid.axes, self.here, state, strict=True):
            if after != before and axis.fact == self.grounds.courses:
                changed[axis.fact] = self.edits[after][0][0]
            elif after != before:
                changed[axis.fact] = axis.value(after)
        return {fact: value for fact, value in changed.items() if value is not None and value != []}

    def _told(self, changed: tuple[int, ...], ways: list[tuple[int, ...]]) -> Iterator[tuple[Change, ...]]:
        """The ways to change the same facts, each value once where the other facts change alike."""
        if len(changed) == 1:
            (place,) = changed
            yield (self._change(place, self._values(place, [way[place] for way in ways])),)
            return
        for way in ways:
            yield tuple(self._change(place, self._values(place, [way[place]])) for place in changed)

    def _change(self, place: int, values: list[Any]) -> Change:
        axis = self.grid.axes[place]
        return Change(axis.fact, self.patient.get(axis.fact), tuple(values))

    def _values(self, place: int, classes: list[int]) -> list[Any]:
        axis = self.grid.axes[place]
        if axis.fact in self.grounds.space.single:
            return self.grounds.space.told(axis.fact, (member for at in classes for member in axis.classes[at]))
        if axis.fact == self.grounds.courses:
            return [told for at in classes for _, told in self.edits[at]]
        return [axis.value(at) for at in classes]


def _open_facts(grounds: Grounds, patient: Facts, outcome: Outcome) -> Iterator[OpenFact]:
    """What is not stated, with the undetermined verdicts that it would settle."""
    waiting = [action for action in outcome.verdicts if outcome.verdict(action) == UNDETERMINED]
    tried = [
        (fact, {**patient, fact: value})
        for fact, values in grounds.space.single.items()
        if fact not in patient
        for value in values[1:]
    ]
    sound = grounds.evaluator.sound([one for _, one in tried])
    kept = [one for one, good in zip(tried, sound, strict=True) if good]
    after: dict[str, list[Outcome]] = {}
    for (fact, _), found in zip(kept, grounds.evaluator.outcomes([one for _, one in kept]), strict=True):
        after.setdefault(fact, []).append(found)
    for fact, outcomes in after.items():
        settled = {action: [found.verdict(action) != UNDETERMINED for found in outcomes] for action in waiting}
        always = tuple(sorted(action for action, ways in settled.items() if all(ways)))
        perhaps = tuple(sorted(action for action, ways in settled.items() if any(ways) and not all(ways)))
        if always or perhaps:
            yield OpenFact(fact, always, perhaps)
