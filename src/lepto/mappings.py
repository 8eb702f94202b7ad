"""Read mapping sets: SSSOM tables that say by which codes other terminologies know the concepts of the ontology.

A table that breaks a rule is refused, by file and line: `sssom validate` lets an empty justification, an invented
relation and a malformed date pass, or drops the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from lepto.errors import KnowledgeError, one_line
from lepto.vocabulary import OWL, RDF_TYPE, RDFS, SKOS, XSD_DATE

SSSOM = "https://w3id.org/sssom/"
SEMAPV = "https://w3id.org/semapv/vocab/"
DCTERMS = "http://purl.org/dc/terms/"
NO_TERM = SSSOM + "NoTermFound"
RELATIONS = tuple(f"{SKOS}{name}Match" for name in ("broad", "close", "exact", "narrow", "related"))
JUSTIFICATIONS = tuple(SEMAPV + name for name in ("ManualMappingCuration", "MappingReview"))
COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "author_label",
    "mapping_cardinality",
    "mapping_date",
    "comment",
)  # in the order of the standard
REQUIRED = (*COLUMNS[:4], "mapping_justification", "author_label", "mapping_date")
SLOTS = (
    "curie_map",
    "mapping_set_id",
    "mapping_set_version",
    "mapping_set_title",
    "license",
    "subject_source",
    "object_source",
    "publication_date",
    "comment",
)

_SLOT = re.compile(r'#([a-z_]+):(?: "([^"]*)"| ([^"\s].*)|)')
_PREFIX = re.compile(r"#  ([A-Za-z][A-Za-z0-9_]*): (\S+)")


@dataclass(frozen=True)
class Mapping:
    """One row: what a concept is to a code, or, where `code` is NO_TERM, that no code was found for it.

    `subject`, `relation`, `code` and `justification` are IRIs; `made` is a day; `line` is where it stands in the file.
    A row without a code is no statement: exact matches are transitive, and all that has no term would be one thing.
    """

    subject: str
    subject_label: str
    relation: str
    code: str
    code_label: str
    justification: str
    author: str
    made: str
    comment: str
    line: int

    @property
    def found(self) -> bool:
        """Whether there is a code."""
        return self.code != NO_TERM

    def record(self) -> dict[str, NamedNode | Literal]:
        """The mapping by the properties that the standard gives it in RDF; what a row leaves empty is an empty text."""
        return {
            RDF_TYPE: NamedNode(OWL + "Axiom"),
            OWL + "annotatedSource": NamedNode(self.subject),
            OWL + "annotatedProperty": NamedNode(self.relation),
            OWL + "annotatedTarget": NamedNode(self.code),
            SSSOM + "mapping_justification": NamedNode(self.justification),
            SSSOM + "author_label": Literal(self.author),
            SSSOM + "object_label": Literal(self.code_label),
            DCTERMS + "created": Literal(self.made, datatype=NamedNode(XSD_DATE)),
            RDFS + "comment": Literal(self.comment),
        }


@dataclass(frozen=True)
class MappingSet:
    """A table: its IRI, its file, its header, the IRI of the terminology to which it maps, and its rows."""

    iri: str
    path: Path
    header: dict[str, str]
    terminology: str
    mappings: tuple[Mapping, ...]

    def records(self) -> Iterator[Triple]:
        """Yield who mapped what, why and when, as the standard writes it in RDF; searches without result too."""
        this = NamedNode(self.iri)
        yield from _said(
            this,
            {
                RDF_TYPE: NamedNode(SSSOM + "MappingSet"),
                SSSOM + "object_source": NamedNode(self.terminology),
                SSSOM + "mapping_set_version": Literal(self.header["mapping_set_version"]),
                DCTERMS + "license": NamedNode(self.header["license"]),
            },
        )
        for mapping in self.mappings:
            node = BlankNode()
            yield Triple(this, NamedNode(SSSOM + "mappings"), node)
            yield from _said(node, mapping.record())


def _said(subject: NamedNode | BlankNode, values: dict[str, NamedNode | Literal]) -> Iterator[Triple]:
    return (Triple(subject, NamedNode(predicate), value) for predicate, value in values.items() if value.value)


def read_mapping_sets(folder: Path) -> tuple[MappingSet, ...]:
    """Return the mapping sets of a folder, sorted by file. Raises KnowledgeError for the first fault, by file and
    line.
    """
    return tuple(_Reader(path).mapping_set() for path in sorted(folder.glob("*.sssom.tsv")))


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.slots: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        try:
            self.lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise KnowledgeError(one_line(f"{path}: {error}")) from error

    def mapping_set(self) -> MappingSet:
        head = next((number for number, line in enumerate(self.lines) if not line.startswith("#")), len(self.lines))
        for number in range(head):
            self._slot(number)
        for slot in SLOTS:
            if slot not in self.slots:
                raise self._fault(0, f"the header has no {slot}", "say it in a line of its own that begins with #")
        if head == len(self.lines) or tuple(self.lines[head].split("\t")) != COLUMNS:
            raise self._fault(head, "these are not the columns", f"write {' '.join(COLUMNS)}, with tabs between them")
        rows = tuple(self._row(number) for number in range(head + 1, len(self.lines)))
        if not rows:
            raise self._fault(head, "no row follows", "map something, or take the file away")
        for before, after in pairwise(rows):
            if _place(before) >= _place(after):
                raise self._fault(after.line - 1, "the row is out of order or twice there", "sort the rows")
        terminology = self._expanded(0, self.slots["object_source"])
        return MappingSet(self.slots["mapping_set_id"], self.path, self.slots, terminology, rows)

    def _slot(self, number: int) -> None:
        line = self.lines[number]
        if match := _PREFIX.fullmatch(line):
            self.prefixes[match[1]] = match[2]
        elif match := _SLOT.fullmatch(line):
            self.slots[match[1]] = match[2] or match[3] or ""
        else:
            raise self._fault(number, "this is no line of a header", "write #slot: value, or #  PREFIX: IRI")

    def _row(self, number: int) -> Mapping:
        cells = self.lines[number].split("\t")
        if len(cells) != len(COLUMNS):
            raise self._fault(number, f"{len(cells)} cells instead of {len(COLUMNS)}", "count the tabs")
        row = dict(zip(COLUMNS, cells, strict=True))
        for column in REQUIRED:
            if not row[column]:
                raise self._fault(number, f"{column} is empty", "fill it in")
        mapping = Mapping(
            self._expanded(number, row["subject_id"]),
            row["subject_label"],
            self._one_of(number, row["predicate_id"], RELATIONS),
            self._expanded(number, row["object_id"]),
            row["object_label"],
            self._one_of(number, row["mapping_justification"], JUSTIFICATIONS),
            row["author_label"],
            self._day(number, row["mapping_date"]),
            row["comment"],
            number + 1,
        )
        if not mapping.found and not (mapping.comment and row["mapping_cardinality"] == "1:0"):
            raise self._fault(
                number, "a search without result", "give 1:0 as cardinality, and in the comment what was searched"
            )
        if mapping.found and row["mapping_cardinality"]:
            raise self._fault(number, "a cardinality beside a code", "leave it empty: it follows from the rows")
        return mapping

    def _expanded(self, number: int, curie: str) -> str:
        prefix, _, local = curie.partition(":")
        if prefix not in self.prefixes or not local:
            raise self._fault(number, f"{curie} has no prefix of the curie_map", "declare the prefix, or mend the name")
        return self.prefixes[prefix] + local

    def _one_of(self, number: int, curie: str, allowed: tuple[str, ...]) -> str:
        iri = self._expanded(number, curie)
        if iri not in allowed:
            names = ", ".join(re.split(r"[/#]", one)[-1] for one in allowed)
            raise self._fault(number, f"{curie} is not allowed here", f"use one of {names}")
        return iri

    def _day(self, number: int, text: str) -> str:
        try:
            if date.fromisoformat(text).isoformat() == text:
                return text
        except ValueError:
            pass
        raise self._fault(number, f"{text} is no day", "write YYYY-MM-DD")

    def _fault(self, number: int, fault: str, mend: str) -> KnowledgeError:
        return KnowledgeError(one_line(f"{self.path}: line {number + 1}: {fault}; {mend}"))


def _place(mapping: Mapping) -> tuple[str, str, str]:
    return mapping.subject, mapping.relation, mapping.code
