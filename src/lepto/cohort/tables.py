"""What SPARQL and SHACL say of every state that they can tell apart, asked once and kept.

A criterion reads a few facts; so does a shape. For each of them a table holds what was found for every combination of
the numbers of its facts. What is not in a table yet is asked about a patient of whom just that is stated, by the road
that every single patient takes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial, reduce
from itertools import chain
from operator import or_
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode, Quad, QuerySolution, QuerySolutions, RdfFormat, Store, Triple, serialize

from lepto.cohort.arrays import Flags, Rows
from lepto.cohort.coding import Coding
from lepto.cohort.criteria import BATCH, Criteria
from lepto.cohort.resolution import Resolution, Standings
from lepto.cohort.views import Entry, Restrictions, View, as_shapes_see, entry
from lepto.derive import derived
from lepto.finding import Finding
from lepto.knowledge import Knowledge
from lepto.read import Record, read_bytes
from lepto.space import Facts
from lepto.validate import Validator
from lepto.vocabulary import SH, local_name

TARGET: Final = SH + "targetClass"


@dataclass
class Table:
    """What is known for each combination of the numbers in some columns, of lists as a view numbers them.

    It is -1 where it has not been asked yet.
    """

    columns: tuple[int, ...]
    views: Mapping[int, View] = field(default_factory=dict)
    known: NDArray[np.int64] = field(default_factory=lambda: np.zeros((), dtype=np.int64))

    def grow(self, sizes: Sequence[int]) -> None:
        """Make room for new numbers."""
        shape = tuple(self.views[c].size if c in self.views else sizes[c] for c in self.columns)
        if self.known.shape != shape:
            grown = np.full(shape, -1, dtype=np.int64)
            if self.known.ndim == len(shape):
                grown[tuple(slice(size) for size in self.known.shape)] = self.known
            self.known = grown

    def at(self, rows: Rows) -> NDArray[np.int64]:
        """Return where in the table, laid flat, each row is."""
        if not self.columns:
            return np.zeros(len(rows), dtype=np.int64)
        seen = [self.views[c].of(rows[:, c]) if c in self.views else rows[:, c] for c in self.columns]
        return np.ravel_multi_index(seen, self.known.shape)


class Tables:
    """The tables of one guideline and one day.

    In: the knowledge, the rules, the coding of patients, and the validator. `asked` counts the patients about whom
    SPARQL or SHACL was asked.
    """

    def __init__(self, knowledge: Knowledge, rules: Resolution, coding: Coding, validator: Validator, on: date) -> None:
        self.knowledge, self.rules, self.coding, self.validator, self.on = knowledge, rules, coding, validator, on
        self.asked = 0
        self.findings: list[tuple[Finding, ...]] = [()]
        self._finding_number: dict[tuple[Finding, ...], int] = {(): 0}
        (refusals,) = coding.lists - {coding.courses}
        self.lists = coding.place(coding.courses)
        self.restrictions = Restrictions(knowledge, coding.courses)
        self.by_criteria = View(self.restrictions.seen)
        self.criteria = Criteria(knowledge, rules.facts, coding, self.by_criteria)
        self.shapes = list(self._shapes())
        self.declined = Table((coding.place(refusals),))
        self._planned: dict[Entry, int] = {}
        self._plans = np.zeros(0, dtype=np.int64)

    # Whom the shapes refuse

    def found(self, rows: Rows) -> list[NDArray[np.int64]]:
        """Return for each group of facts that a shape reads the number of what was found, in `findings`, row by row."""
        lists = self.coding.values[self.lists]
        for table, _ in self.shapes:
            for view in table.views.values():
                view.take_in(lists)
        return [self._filled(table, rows, partial(self._validated, validator)) for table, validator in self.shapes]

    def refusing(self) -> Flags:
        """Return for each number of findings whether one is a violation."""
        return np.array([any(one.severity == "violation" for one in found) for found in self.findings])

    # What is known of the others

    def standings(self, rows: Rows) -> Standings:
        """Return what the criteria say of each row."""
        self._take_in_lists()
        codes, awaits = self.criteria.standings(rows, self.rules.criteria)
        planned, declined = self._plans[rows[:, self.lists]], self._filled(self.declined, rows, self._named)
        bit = {action: 1 << number for number, action in enumerate(self.rules.actions)}
        return Standings(
            size=len(rows),
            codes=codes,
            awaits=awaits,
            stated={name: rows[:, place] > 0 for place, name in enumerate(self.coding.facts)},
            planned={action: planned & bit[action] != 0 for action in self.rules.actions},
            declined={action: declined & bit[action] != 0 for action in self.rules.actions},
        )

    # How tables are filled

    def _take_in_lists(self) -> None:
        """Learn what new lists of courses are to criteria and plans, from their courses one by one."""
        lists = self.coding.values[self.lists]
        new = [[entry(course) for course in courses or ()] for courses in lists[len(self._plans) :]]
        unknown = [one for one in dict.fromkeys(chain.from_iterable(new)) if one not in self._planned]
        self.restrictions.ask(unknown)
        alone = [{self.coding.facts[self.lists]: [dict(one)]} for one in unknown]
        self._planned |= zip(unknown, self._named(alone), strict=True)
        plans = [reduce(or_, (self._planned[one] for one in courses), 0) for courses in new]
        self._plans = np.concatenate([self._plans, np.array(plans, dtype=np.int64)])
        self.by_criteria.take_in(lists)

    def _filled(self, table: Table, rows: Rows, ask: Any) -> NDArray[np.int64]:
        table.grow(self.coding.sizes)
        at, known = table.at(rows), table.known.ravel()
        new = np.flatnonzero(known[at] < 0)
        if len(new):
            places, first = np.unique(at[new], return_index=True)
            known[places] = list(ask([self.coding.stated(rows[row], table.columns) for row in new[first]]))
        return known[at]

    def _named(self, patients: Sequence[Facts]) -> Iterator[int]:
        """Yield for each patient a bit for each action that is planned, or that is declined."""
        bit = {action: 1 << number for number, action in enumerate(self.rules.actions)}
        for records in self._batches(patients):
            named: dict[str, int] = defaultdict(int)
            with derived(self.knowledge, (t for record in records for t in record.triples), ()) as store:
                for row in self._ask(store, "verify/plans"):
                    named[row["patient"].value] |= bit.get(local_name(row["action"].value), 0)
            for record in records:
                yield named[record.iri]

    def _validated(self, validator: Validator, patients: Sequence[Facts]) -> Iterator[int]:
        """Yield for each patient the number of what some shapes find."""
        for records in self._batches(patients):
            for found in validator.validate(records, self.on):
                if found not in self._finding_number:
                    self._finding_number[found] = len(self.findings)
                    self.findings.append(found)
                yield self._finding_number[found]

    def _batches(self, patients: Sequence[Facts]) -> Iterator[list[Record]]:
        for start in range(0, len(patients), BATCH):
            people = [{**facts, "id": str(n)} for n, facts in enumerate(patients[start : start + BATCH])]
            self.asked += len(people)
            yield read_bytes(json.dumps(people).encode(), "states", self.knowledge.facts)

    # What reads what

    def _shapes(self) -> Iterator[tuple[Table, Validator]]:
        """Yield a table for each group of facts that some shape reads together, with a validator of such shapes alone.

        A shape may find fault with what is not stated: of a patient of whom only a part is stated, the shapes that read
        more than the part are not asked. The closed shape, of which each part reads one fact, is asked everywhere. What
        shapes say of a single course is seen before it gets a number.
        """
        store = Store()
        store.extend(Quad(*triple) for triple in self.validator.shapes)
        read: dict[NamedNode, set[str]] = defaultdict(set)
        for row in self._ask(store, "cohort/shapes"):
            shape = row["shape"]
            assert isinstance(shape, NamedNode)
            read[shape] |= {local_name(row["fact"].value)} & self.knowledge.facts.keys()
        columns = {shape: tuple(sorted({self.coding.column(fact) for fact in facts})) for shape, facts in read.items()}
        target = NamedNode(TARGET)
        for group in sorted({*columns.values(), *((n,) for n in range(len(self.coding.facts)))} - {()}):
            others = {shape for shape, found in columns.items() if found and found != group}
            kept = _reached([t for t in self.validator.shapes if t.predicate != target or t.subject not in others])
            facts = frozenset(fact for shape, found in columns.items() if found == group for fact in read[shape])
            view = View(as_shapes_see(self.knowledge, self.validator.shapes, facts))
            views = {self.lists: view} if self.lists in group else {}
            text = serialize(kept, format=RdfFormat.N_TRIPLES) or b""
            yield Table(group, views), Validator(self.knowledge, text.decode())

    def _ask(self, store: Store, name: str) -> Iterator[QuerySolution]:
        answer = store.query(self.knowledge.query_text(name))
        assert isinstance(answer, QuerySolutions)
        yield from answer


def _reached(shapes: Sequence[Triple]) -> list[Triple]:
    """The triples of shapes less those of shapes that nothing is asked to conform to: they cost time."""
    said: dict[object, list[Triple]] = defaultdict(list)
    for triple in shapes:
        said[triple.subject].append(triple)
    ahead: list[object] = [triple.subject for triple in shapes if triple.predicate.value == TARGET]
    found: dict[object, None] = {}
    while ahead:
        if (node := ahead.pop()) not in found:
            found[node] = None
            ahead += [triple.object for triple in said.get(node, ())]
    return [triple for node in found for triple in said.get(node, ())]
