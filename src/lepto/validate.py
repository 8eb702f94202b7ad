"""From records to findings, by SHACL: the contract on patient data in `shapes/patient.ttl`.

The engine is rudof, whose findings the tests hold against pySHACL's. Every run carries a canary record that must be
refused, so that a run that looks at nothing cannot pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from lepto.errors import KnowledgeError
from lepto.finding import Finding
from lepto.prepared import Prepared
from lepto.read import Record
from lepto.vocabulary import LEPTO, PATIENT, RDF_TYPE, SH, TREATMENT_COURSE, XSD_DATE, local_name

ASKED_ON = NamedNode(LEPTO + "askedOn")
CANARY = "urn:lepto:canary"


class Validator:
    """The shapes, read once.

    In: the knowledge, and the shapes in Turtle where they are not those of its folder. Raises KnowledgeError when the
    shapes cannot be used.
    """

    def __init__(self, knowledge: Prepared, shapes: str | None = None) -> None:
        self.knowledge = knowledge
        self.path: Path = knowledge.root / "shapes" / "patient.ttl"
        text = self.path.read_text(encoding="utf-8") if shapes is None else shapes
        self.rudof = _rudof()
        self.engine = self.rudof.Rudof(self.rudof.RudofConfig())
        try:
            self.engine.read_shacl(text, reader_mode=self.rudof.ReaderMode.Strict)
            self.shapes = [quad.triple for quad in parse(text.encode(), format=RdfFormat.TURTLE)]
        except Exception as error:
            raise KnowledgeError(f"{self.path}: {error}") from error

    def validate(self, records: Sequence[Record], on: date) -> list[tuple[Finding, ...]]:
        """Return the findings on each record, sorted, the reader's own among them.

        In: records as read, and the day for which an answer is asked. Raises KnowledgeError when the canary is not
        refused.
        """
        triples = [triple for record in records for triple in record.triples]
        self._load(self._data(triples, on))
        entries = self.engine.validate_shacl().violations
        found: dict[str, set[Finding]] = {}
        for entry in entries:
            finding = self._finding(
                entry.source_shape, entry.constraint_component, entry.path, entry.value, entry.severity
            )
            found.setdefault(entry.focus_node.split(":course:")[0], set()).add(finding)
        if CANARY not in found:
            raise KnowledgeError(f"{self.path}: the shapes look at nothing: a record that must be refused was accepted")
        return [
            tuple(sorted({*record.findings, *(found.get(record.iri, ()) if record.triples else ())}, key=_order))
            for record in records
        ]

    def _load(self, data: str) -> None:
        """Give the engine these data and no others; what it read before would otherwise stay."""
        self.engine.reset_data()
        with _no_network():
            formats, modes = self.rudof.RDFFormat, self.rudof.ReaderMode
            self.engine.read_data(data, format=formats.NTriples, reader_mode=modes.Strict)

    def _data(self, triples: Iterable[Triple], on: date) -> str:
        """The records with what the ontology says of the values that they name, and the day of the question on every
        course.
        """
        data = {Triple(NamedNode(CANARY), NamedNode(RDF_TYPE), NamedNode(PATIENT))}
        today = Literal(on.isoformat(), datatype=NamedNode(XSD_DATE))
        for triple in triples:
            data.add(triple)
            if triple.predicate.value == RDF_TYPE and triple.object == NamedNode(TREATMENT_COURSE):
                data.add(Triple(triple.subject, ASKED_ON, today))
            elif isinstance(triple.object, NamedNode):
                data.update(
                    quad.triple
                    for quad in self.knowledge.store.quads_for_pattern(triple.object, NamedNode(RDF_TYPE), None, None)
                )
        return (serialize(sorted(data, key=str), format=RdfFormat.N_TRIPLES) or b"").decode()

    # Findings

    def _finding(
        self, shape: str | None, component: str, path: str | None, value: str | None, severity: str
    ) -> Finding:
        name = unquote(local_name(path.strip("<>"))) if path else None
        message = self._messages.get(shape or "", "The record breaks the contract on patient data.")
        if component.endswith("ClosedConstraintComponent"):
            message = self._unknown(name or "")
        elif component.endswith("ClassConstraintComponent") and (allowed := self._allowed(shape or "")):
            message += f" Known values: {', '.join(allowed)}."
        return Finding(severity.lower(), name, _shown(value) if path else None, message)

    def _unknown(self, name: str) -> str:
        if fact := self.knowledge.facts.get(name):
            there, here = ("course", "patient") if fact.of_course else ("patient", "course")
            return f"{name} is a fact of a {there}, and here of a {here}; state it of the {there}."
        return f"{name} is no fact that LEPTO knows{self._suggestion(name, self.knowledge.facts)}"

    def _suggestion(self, name: str, known: Iterable[str]) -> str:
        from difflib import get_close_matches  # only here: few records are at fault

        close = get_close_matches(name, list(known), n=1, cutoff=0.5)
        return f"; did you mean {close[0]}?" if close else "."

    def _allowed(self, shape: str) -> list[str]:
        class_ = self._objects.get((shape, SH + "class"))
        return self.knowledge.members(class_) if class_ else []

    @cached_property
    def _objects(self) -> dict[tuple[str, str], str]:
        return {
            (str(t.subject.value), t.predicate.value): str(t.object.value)
            for t in self.shapes
            if hasattr(t.object, "value")
        }

    @cached_property
    def _messages(self) -> dict[str, str]:
        return {subject: text for (subject, predicate), text in self._objects.items() if predicate == SH + "message"}


def sorted_by_findings(
    knowledge: Prepared, records: Sequence[Record], on: date
) -> tuple[list[Record], list[tuple[Record, tuple[Finding, ...]]]]:
    """Return the sound records, and those with a violation together with their findings."""
    sound: list[Record] = []
    refused: list[tuple[Record, tuple[Finding, ...]]] = []
    for record, findings in zip(records, Validator(knowledge).validate(records, on), strict=True):
        if any(finding.severity == "violation" for finding in findings):
            refused.append((record, findings))
        else:
            sound.append(record)
    return sound, refused


def _rudof() -> Any:
    """Return the engine itself, without the package around it: that only repeats its names, and asks for its own
    version, for which it imports a mail parser; it takes ten times as long.
    """
    name = "pyrudof._pyrudof"
    if name not in sys.modules and (package := find_spec("pyrudof")):
        spec = PathFinder.find_spec(name, package.submodule_search_locations)
        if spec is None or spec.loader is None:
            return import_module("pyrudof")
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@contextmanager
def _no_network() -> Iterator[None]:
    """Keep rudof from reading the system's certificates, a dozen times over, for connections it must never make."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _order(finding: Finding) -> tuple[int, str, str, str]:
    rank = {"violation": 0, "warning": 1, "info": 2}[finding.severity]
    return rank, finding.property or "", finding.value or "", finding.message


def _shown(value: str | None) -> str | None:
    """The value as its owner wrote it: the local name of a term, the lexical form of a literal."""
    if value is None:
        return None
    text = value.strip("<>")
    if text.startswith('"'):
        text = text[1 : text.rindex('"')]
    elif text.startswith(LEPTO):
        text = unquote(text.removeprefix(LEPTO))
    return text[:80]
