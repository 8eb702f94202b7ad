"""What a reader of lists of courses can tell apart, as numbers: a view sees many lists as one.

A criterion reads a list only through restrictions on its entries: whether some entry meets one, and whether some
entry might (`lepto.compile.patterns`). A shape on patients reads of an entry only the facts that it names, and of a
value only to which of the named classes it belongs.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import Literal, NamedNode, QuerySolutions, Triple

from lepto.cohort.arrays import Numbers
from lepto.compile import Patterns
from lepto.definition import And, Expression, Not, Or, Some
from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.read import read_bytes
from lepto.space import Facts
from lepto.vocabulary import LEPTO, OWL, PATIENT, RDF_TYPE, SH

Entry = tuple[tuple[str, str], ...]
MIGHT, DOES = 1, 2
COUNTS: Final = {"minCount": 0, "maxCount": 1, "qualifiedMinCount": 0, "qualifiedMaxCount": 1}
"""What counts in SHACL, and how many more than it says it tells from fewer."""


def entry(course: Facts) -> Entry:
    """Return a course as a key."""
    return tuple(sorted(course.items()))


class View:
    """The numbers that a reader gives to lists; lists that it cannot tell apart have the same.

    In: what it sees of a list. `size` is how many numbers there are by now.
    """

    def __init__(self, seen: Callable[[Sequence[Facts]], Hashable]) -> None:
        self.seen = seen
        self._known: dict[Hashable, int] = {}
        self._number = np.zeros(0, dtype=np.int64)

    @property
    def size(self) -> int:
        return len(self._known)

    def take_in(self, lists: Sequence[Sequence[Facts] | None]) -> None:
        """Number the lists that are new; a list keeps its place."""
        new = [
            self._known.setdefault(self.seen(courses or ()), len(self._known)) for courses in lists[len(self._number) :]
        ]
        self._number = np.concatenate([self._number, np.array(new, dtype=np.int64)])

    def of(self, lists: NDArray[np.int32]) -> Numbers:
        """Return the numbers of lists, given by their places."""
        return self._number[lists]


class Restrictions:
    """What the criteria's restrictions on the entries of a list say of single entries, asked of SPARQL once each."""

    def __init__(self, knowledge: Knowledge, courses: str) -> None:
        self.knowledge, self.courses = knowledge, courses
        functional = frozenset(_subjects(knowledge, OWL + "FunctionalProperty"))
        found = chain.from_iterable(_on_lists(definition, functional) for definition in knowledge.definitions.values())
        self.patterns = Patterns(knowledge.definitions, knowledge.values, functional, knowledge.compiled.denied)
        self.restrictions = sorted(set(found), key=repr)
        self._known: dict[Entry, NDArray[np.int8]] = {}

    def ask(self, entries: Iterable[Entry]) -> None:
        """Ask about the entries that are new, each as the one course of a patient."""
        new = [one for one in dict.fromkeys(entries) if one not in self._known]
        if not new:
            return
        people = [{"id": str(number), self.courses: [dict(one)]} for number, one in enumerate(new)]
        records = read_bytes(json.dumps(people).encode(), "courses", self.knowledge.facts)
        place = {record.iri: number for number, record in enumerate(records)}
        said = np.zeros((len(new), len(self.restrictions)), dtype=np.int8)
        with derived(self.knowledge, (t for record in records for t in record.triples), ()) as store:
            for number, restriction in enumerate(self.restrictions):
                for code, pattern in (
                    (MIGHT, self.patterns.not_ruled_out(restriction, "?patient", "?entry")),
                    (DOES, self.patterns.met(restriction, "?patient")),
                ):
                    answer = store.query(f"SELECT DISTINCT ?patient {{ ?patient a <{PATIENT}> . {pattern} }}")
                    assert isinstance(answer, QuerySolutions)
                    for row in answer:
                        said[place[row["patient"].value], number] = code
        self._known |= zip(new, said, strict=True)

    def seen(self, courses: Sequence[Facts]) -> bytes:
        """Return what the restrictions say of a list: of each the most that an entry says; silence is told apart."""
        said = [self._known[entry(course)] for course in courses]
        return np.max(said, axis=0).tobytes() if said else b""


def as_shapes_see(
    knowledge: Knowledge, shapes: Sequence[Triple], read: frozenset[str]
) -> Callable[[Sequence[Facts]], Hashable]:
    """Return what shapes see of a list of courses of which they read some facts: which courses, and of those that are
    alike to them no more than they count.
    """
    (courses,) = (name for name, fact in knowledge.facts.items() if fact.nested)
    most = _most_counted(shapes, courses)
    named = {triple.object for triple in shapes if triple.predicate.value in (SH + "class", SH + "hasValue")}
    terms = {term.value for term in named if isinstance(term, NamedNode)}
    classes = {term: frozenset(knowledge.values.members.get(term, ())) for term in terms}

    @cache
    def kind(name: str, value: str) -> tuple[str, ...]:
        if knowledge.facts[name].datatype is not None:
            return (name, value)
        iri = LEPTO + value
        return (name, *sorted(term for term in terms if term == iri or iri in classes[term]))

    def seen(courses: Sequence[Facts]) -> Hashable:
        kinds = Counter(tuple(sorted(kind(*fact) for fact in one.items() if fact[0] in read)) for one in courses)
        return tuple(sorted((one, min(many, most)) for one, many in kinds.items()))

    return seen


def _most_counted(shapes: Sequence[Triple], courses: str) -> int:
    """So many courses that are alike to shapes these tell from fewer; all of them where SPARQL may count."""
    said = [(triple.predicate.value.removeprefix(SH), triple) for triple in shapes]
    if any(name == "sparql" for name, _ in said):
        return sys.maxsize
    others = {t.subject for name, t in said if name == "path" and isinstance(t.object, NamedNode)}
    others -= {t.subject for name, t in said if name == "path" and t.object == NamedNode(LEPTO + courses)}
    counted = [
        int(triple.object.value) + COUNTS[name]
        for name, triple in said
        if name in COUNTS and triple.subject not in others and isinstance(triple.object, Literal)
    ]
    return max([1, *counted])


def _on_lists(expression: Expression, functional: frozenset[str]) -> Iterator[Some]:
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _on_lists(part, functional)
        case Not(part):
            yield from _on_lists(part, functional)
        case Some(prop, filler):
            if prop not in functional:
                yield expression
            yield from _on_lists(filler, functional)


def _subjects(knowledge: Knowledge, class_: str) -> Iterator[str]:
    for quad in knowledge.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(class_), None):
        if isinstance(quad.subject, NamedNode):
            yield quad.subject.value
