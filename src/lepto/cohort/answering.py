"""One part of a cohort answered: verdicts and findings as tables.

What is plain goes by the tables; everything else goes by SPARQL, as a single patient does. Both roads give the same
rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyoxigraph import NamedNode, Quad, QuerySolutions, Store

from lepto.cohort.arrays import Bits, Codes, Flags, Rows
from lepto.cohort.coding import Coding
from lepto.cohort.part import Part
from lepto.cohort.phrases import TOLD, Phrases
from lepto.cohort.pieces import Pieces
from lepto.cohort.resolution import CODES, OPEN, Resolution
from lepto.cohort.tables import Tables
from lepto.cohort.texts import Texts
from lepto.derive import RULES, derived
from lepto.finding import Finding
from lepto.knowledge import Knowledge
from lepto.read import Record, read_bytes
from lepto.recommend import BATCH, Recommender
from lepto.space import Interval, numbers
from lepto.validate import Validator
from lepto.vocabulary import LEPTO, local_name

PLACE: Final = "place"
VERDICTS: Final = pl.Schema(
    {
        "patient": pl.String(),
        "action": pl.String(),
        "verdict": pl.String(),
        "bar": pl.String(),
        "missing": pl.String(),
        "rules": pl.String(),
    }
)
FINDINGS: Final = pl.Schema(
    {
        "patient": pl.String(),
        "severity": pl.String(),
        "property": pl.String(),
        "value": pl.String(),
        "message": pl.String(),
    }
)
MANY: Final = "patients"
AWAITING: Final = pl.Schema({"fact": pl.String(), MANY: pl.Int64()})
PATIENTS: Final = pl.Schema({"patient": pl.String(), "answered": pl.Boolean()})

Told = tuple[int, str, str, str | None, str | None, str]
"""A finding on a patient, by his place in the part."""


@dataclass(frozen=True)
class Answered:
    """What is said of the patients of a part, a frame each: verdicts, findings, and who was answered; how many have
    each different verdict (`tally`), and for how many a verdict awaits each fact (`awaiting`).
    """

    verdicts: pl.DataFrame
    findings: pl.DataFrame
    patients: pl.DataFrame
    tally: pl.DataFrame
    awaiting: pl.DataFrame


class Answering:
    """Answers parts for a day.

    In: the knowledge, the day, and whether everyone goes by SPARQL, which the tests hold the tables against.
    """

    def __init__(self, knowledge: Knowledge, on: date, *, by_sparql: bool = False) -> None:
        self.knowledge, self.on, self.by_sparql = knowledge, on, by_sparql
        self.validator = Validator(knowledge)
        self.recommender = Recommender(knowledge, self.validator)
        self.rules = Resolution(knowledge)

    @cached_property
    def coding(self) -> Coding:
        """The numbers of values, filled as values come in."""
        return Coding(self.knowledge, self._intervals(), self._are_sound, self.on)

    @cached_property
    def pieces(self) -> Pieces:
        """What pieces of lines say, filled as they come in."""
        return Pieces(self.coding)

    @cached_property
    def texts(self) -> dict[str, Texts]:
        """What the texts of columns say, by the names of the columns, filled as they come in."""
        return {}

    @cached_property
    def phrases(self) -> Phrases:
        """What verdicts are in words, filled as verdicts come in."""
        return Phrases(self.rules)

    @cached_property
    def tables(self) -> Tables:
        """The tables, filled as states come in."""
        return Tables(self.knowledge, self.rules, self.coding, self.validator, self.on)

    def make_room(self) -> None:
        """Begin anew with tables that have grown beyond what memory is meant for; between parts only."""
        if "coding" in self.__dict__ and self.coding.is_full:
            del self.coding
            for made in ("tables", "pieces", "texts"):
                self.__dict__.pop(made, None)

    def answer(self, part: Part) -> Answered:
        """Return what is said of the patients of a part."""
        rows, places = part.rows, part.plain
        refused, told = self._looked_at(part, rows, places)
        sound = np.flatnonzero(~refused)
        phrases = self._phrases(part, rows[sound], places[sound])
        unsound = {int(place) for place in places[refused]}
        others, found, unanswered = self._by_sparql(part.others)
        self._hold(part, unanswered)
        verdicts = self._in_words(phrases, places[sound])
        if len(others):
            verdicts = pl.concat([verdicts, others]).sort(PLACE, "action")
        names = pl.Series("patient", part.names, dtype=pl.String)
        findings = pl.DataFrame([*told, *found], schema={PLACE: pl.Int64, **FINDINGS}, orient="row")
        findings = findings.with_columns(names[findings[PLACE]]).sort(PLACE, *FINDINGS.names())
        answered = np.ones(len(names), dtype=np.bool_)
        answered[[*unsound, *unanswered]] = False
        return Answered(
            verdicts.with_columns(names[verdicts[PLACE]]).select(VERDICTS.names()),
            findings.select(FINDINGS.names()),
            pl.DataFrame([names, pl.Series("answered", answered)]),
            pl.concat([self._tally(phrases), tally(others)]),
            pl.concat([self._awaiting(phrases), awaiting(others)]),
        )

    # The road of the tables

    def _looked_at(self, part: Part, rows: Rows, places: Bits) -> tuple[Flags, list[Told]]:
        """Which patients the shapes refuse, and what they find."""
        refused, told = np.zeros(len(rows), dtype=np.bool_), [one for one in part.warnings if one[1].severity != "info"]
        if len(rows):
            found = self.tables.found(rows)
            refusing = self.tables.refusing()
            for numbers in found:
                refused |= refusing[numbers]
                for row in np.flatnonzero(numbers):
                    told += [(int(places[row]), one) for one in self.tables.findings[numbers[row]]]
        return refused, [_told(place, finding) for place, finding in dict.fromkeys(told)]

    def _phrases(self, part: Part, rows: Rows, places: Bits) -> NDArray[np.int32]:
        """The number of what is said, a row a patient and a column an action."""
        known = self.tables.standings(rows)
        standing = self.rules.standings(known)
        if part.told:
            every, _ = self.tables.criteria.standings(rows, map(local_name, self.knowledge.compiled.criteria))
            known = replace(known, codes=part.told.taken(every, places, part.names))
            standing = part.told.taken(standing, places, part.names)
        phrases = np.zeros((len(rows), len(self.rules.actions)), dtype=np.int32)
        for number, verdicts in enumerate(self.rules.verdicts(known, standing)):
            phrases[:, number] = self.phrases.numbers(verdicts)
        return phrases

    def _in_words(self, phrases: NDArray[np.int32], places: Bits) -> pl.DataFrame:
        row, action = np.nonzero(phrases)
        said = self.phrases.words(phrases[row, action])
        return said.select(pl.Series(PLACE, places[row]), self._action(action), *TOLD)

    def _tally(self, phrases: NDArray[np.int32]) -> pl.DataFrame:
        actions = np.arange(len(self.rules.actions)) * self.phrases.size
        times = np.bincount((phrases + actions).ravel(), minlength=len(actions) * self.phrases.size)
        times = times.reshape(len(actions), self.phrases.size)
        times[:, 0] = 0
        action, phrase = np.nonzero(times)
        said = self.phrases.words(phrase)
        return said.select(self._action(action), *TOLD, pl.Series(MANY, times[action, phrase]))

    def _awaiting(self, phrases: NDArray[np.int32]) -> pl.DataFrame:
        awaited = np.bitwise_or.reduce(self.phrases.awaited[phrases], axis=1, initial=0)
        many = [np.count_nonzero(awaited >> place & 1) for place, _ in enumerate(self.rules.facts)]
        return pl.DataFrame({"fact": self.rules.facts, MANY: many}, schema=AWAITING).filter(pl.col(MANY) > 0)

    def _action(self, numbers: Bits) -> pl.Series:
        return pl.Series("action", self.rules.actions)[numbers]

    # The road of every single patient

    def _by_sparql(self, others: Sequence[tuple[int, Record]]) -> tuple[pl.DataFrame, list[Told], set[int]]:
        said, told, unanswered = [], [], set()
        for start in range(0, len(others), BATCH):
            batch = others[start : start + BATCH]
            for (place, _), report in zip(
                batch, self.recommender.answer([one for _, one in batch], self.on), strict=True
            ):
                said += [
                    (
                        place,
                        one.action,
                        one.verdict,
                        one.bar,
                        " ".join(sorted(one.missing)),
                        " ".join(sorted(reason.rule for reason in one.because)),
                    )
                    for one in report.verdicts
                ]
                told += [_told(place, one) for one in report.findings if one.severity != "info"]
                if report.refused:
                    unanswered.add(place)
        schema = pl.Schema([(PLACE, pl.Int64()), *((name, VERDICTS[name]) for name in ("action", *TOLD))])
        return pl.DataFrame(said, schema=schema, orient="row"), told, unanswered

    def _hold(self, part: Part, unanswered: set[int]) -> None:
        """Hold what the source derives against what is derived here of those who go by SPARQL. Raises InputError."""
        if part.told:
            many = Counter(part.names)  # Who is given twice will be refused.
            others = {place: one for place, one in part.others if place not in unanswered and many[one.patient] == 1}
            part.told.taken(self._derived([*others.values()]), np.array([*others], dtype=np.int64), part.names)

    def _derived(self, records: Sequence[Record]) -> dict[str, Codes]:
        """The standing of every criterion and rule of sound records, as SPARQL derives them."""
        names = [*map(local_name, self.knowledge.compiled.criteria), *self.rules.rules]
        found = {name: np.full(len(records), OPEN) for name in names}
        for start in range(0, len(records), BATCH):
            place = {record.iri: start + number for number, record in enumerate(records[start : start + BATCH])}
            triples = (triple for record in records[start : start + BATCH] for triple in record.triples)
            with derived(self.knowledge, triples, RULES) as store:
                for predicate, code in CODES.items():
                    for quad in store.quads_for_pattern(None, NamedNode(LEPTO + predicate), None, None):
                        assert isinstance(quad.subject, NamedNode)
                        assert isinstance(quad.object, NamedNode)
                        if (name := local_name(quad.object.value)) in found:
                            found[name][place[quad.subject.value]] = code
        return found

    def _are_sound(self, courses: Sequence[Mapping[str, str]]) -> Iterator[bool]:
        """Whether the shapes on courses find nothing, course by course."""
        people = [{"id": str(number), self.coding.courses: [course]} for number, course in enumerate(courses)]
        records = read_bytes(json.dumps(people).encode(), "courses", self.knowledge.facts) if people else []
        return (not found for found in self.validator.validate(records, self.on))

    def _intervals(self) -> dict[str, list[tuple[Interval, int | float]]]:
        """The intervals of decimals in which the shapes find nothing, each with a number in it."""
        named: dict[str, set[str]] = {}
        store = Store()
        store.extend(Quad(*triple) for triple in self.validator.shapes)
        answer = store.query(self.knowledge.query_text("verify/named-numbers"))
        assert isinstance(answer, QuerySolutions)
        for row in answer:
            named.setdefault(local_name(row["fact"].value), set()).add(row["number"].value)
        found: dict[str, list[tuple[Interval, int | float]]] = {}
        for name, interval, tried in numbers(self.knowledge, named):
            people = [{"id": str(n), name: number} for n, number in enumerate(tried)]
            records = read_bytes(json.dumps(people).encode(), "numbers", self.knowledge.facts)
            for number, findings in zip(tried, self.validator.validate(records, self.on), strict=True):
                if not findings:
                    found.setdefault(name, []).append((interval, number))
                    break
        return found


def tally(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return how many patients have each different verdict."""
    return verdicts.group_by("action", *TOLD).len(MANY).with_columns(pl.col(MANY).cast(pl.Int64))


def awaiting(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return for how many patients a verdict awaits each fact."""
    each = verdicts.filter(pl.col("verdict") == "undetermined").select(
        PLACE, pl.col("missing").str.split(" ").alias("fact")
    )
    return each.explode("fact").filter(pl.col("fact") != "").unique().group_by("fact").len(MANY).cast(AWAITING)


def _told(place: int, finding: Finding) -> Told:
    return place, "", finding.severity, finding.property, finding.value, finding.message
