"""Which recorded values meet a criterion, which refute it and which leave it unknown: derived, not told.

For every criterion an invented patient is made for each combination of values, silence included, of the facts on which
the criterion rests. The patients are validated and derived like any others, and what came out is put in few words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from pyoxigraph import NamedNode

from lepto.derive import derived
from lepto.document.answers import Answers
from lepto.document.cover import Box, Point, cover
from lepto.document.values import DAY, Value, labels, values_of
from lepto.errors import KnowledgeError
from lepto.read import Record, read_bytes
from lepto.validate import Validator
from lepto.vocabulary import LEPTO

DERIVED = {"meets": "met", "doesNotMeet": "not met"}
BATCH = 250
COMBINATIONS = 20_000
# So many values are listed rather than told by those that are missing.
LISTED = 3
UNKNOWN = "unknown"
STANDINGS = (*DERIVED.values(), UNKNOWN)


@dataclass(frozen=True)
class Condition:
    """What must be recorded of a fact: one of some values, or, where `negated`, none of them; `silence` says whether
    it may be unrecorded as well.
    """

    fact: str
    values: tuple[str, ...]
    negated: bool
    silence: bool


@dataclass(frozen=True)
class Standings:
    """The conditions under which a criterion is met, not met or unknown (each alternative is enough), its standing when
    nothing is recorded, and whether it is about a list; `looked_at` combinations were derived, and `refused` ones
    were not, since validation refuses such a record.
    """

    met: tuple[tuple[Condition, ...], ...]
    not_met: tuple[tuple[Condition, ...], ...]
    unknown: tuple[tuple[Condition, ...], ...]
    silence: str
    of_list: bool
    looked_at: int
    refused: int


class Combinations:
    """The invented patients, and how criteria stand in them."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.knowledge = answers.knowledge
        self.validator = Validator(answers.knowledge)

    def standings(self, criteria: Iterable[str]) -> dict[str, Standings]:
        """Return the standings of criteria, by their names."""
        together: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for criterion in sorted(criteria):
            together[tuple(row["fact"] for row in self.answers.ask("facts", criterion=criterion))].append(criterion)
        return {
            criterion: standings for facts, those in together.items() for criterion, standings in self._of(facts, those)
        }

    def _of(self, facts: Sequence[str], criteria: Sequence[str]) -> Iterator[tuple[str, Standings]]:
        """The standings of criteria that rest on the same facts."""
        lists = [name for name in facts if self.knowledge.facts[name].nested]
        single = [name for name in facts if name not in lists]
        domains = [(*values_of(self.knowledge, name), None) for name in single]
        if prod(map(len, domains)) > COMBINATIONS:
            raise KnowledgeError(f"{criteria[0]} rests on {len(single)} facts: more than {COMBINATIONS} combinations")
        points = list(product(*domains))
        patients = [self._patient(str(number), single, point, lists) for number, point in enumerate(points)]
        records = read_bytes(json.dumps(patients).encode(), "combinations", self.knowledge.facts)
        results: dict[str, dict[Point, str]] = {criterion: {} for criterion in criteria}
        for start in range(0, len(points), BATCH):
            batch = list(zip(points, records, strict=True))[start : start + BATCH]
            for criterion, point, word in self._derived(batch, criteria):
                results[criterion][point] = word
        nothing = points[-1]
        for criterion in criteria:
            table = results[criterion]
            if nothing not in table:
                raise KnowledgeError(f"{criterion}: the record that says nothing is refused")
            met, not_met, unknown = (
                self._conditions(single, domains, cover(domains, table, word)) for word in STANDINGS
            )
            refused = len(points) - len(table)
            yield criterion, Standings(met, not_met, unknown, table[nothing], bool(lists), len(table), refused)

    def _patient(self, name: str, facts: Sequence[str], point: Point, lists: Sequence[str]) -> dict[str, object]:
        stated = {fact: value.stated for fact, value in zip(facts, point, strict=True) if isinstance(value, Value)}
        entry = {fact: stated.pop(fact) for fact in list(stated) if self.knowledge.facts[fact].of_course}
        return {"id": name, **stated, **({fact: [entry] for fact in lists} if entry else {})}

    def _derived(
        self, batch: Sequence[tuple[Point, Record]], criteria: Sequence[str]
    ) -> Iterator[tuple[str, Point, str]]:
        """How every criterion stands in every patient whose record is not refused."""
        findings = self.validator.validate([record for _, record in batch], DAY)
        sound = [
            (point, NamedNode(record.iri), record.triples)
            for (point, record), found in zip(batch, findings, strict=True)
            if not any(finding.severity == "violation" for finding in found)
        ]
        with derived(self.knowledge, (triple for _, _, triples in sound for triple in triples), ()) as store:
            for criterion in criteria:
                node = NamedNode(LEPTO + criterion)
                standing = {
                    quad.subject: word
                    for predicate, word in DERIVED.items()
                    for quad in store.quads_for_pattern(None, NamedNode(LEPTO + predicate), node, None)
                }
                yield from ((criterion, point, standing.get(patient, UNKNOWN)) for point, patient, _ in sound)

    def _conditions(
        self, facts: Sequence[str], domains: Sequence[Sequence[Value | None]], boxes: Sequence[Box]
    ) -> tuple[tuple[Condition, ...], ...]:
        names = {row["fact"]: row["label"] for row in self.answers.rows("facts")}
        return tuple(
            tuple(
                _condition(names[fact], domain, values)
                for fact, domain, values in zip(facts, domains, box, strict=True)
                if len(values) < len(domain)
            )
            for box in boxes
        )


def _condition(fact: str, domain: Sequence[Value | None], allowed: frozenset[object]) -> Condition:
    """Which values are allowed; or, where that is much shorter, which are not."""
    inside = [value for value in domain if value is not None and value in allowed]
    outside = [value for value in domain if value is not None and value not in allowed]
    named = not any(value.span for value in (*inside, *outside))
    negated = named and len(outside) < len(inside) and (None in allowed or len(inside) > LISTED)
    return Condition(fact, labels(outside if negated else inside), negated, None in allowed)
