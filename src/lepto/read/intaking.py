"""Health records in, one record a patient out; what reads them is imported once there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import NamedNode, Store

from lepto.facts import Fact
from lepto.read.record import Record
from lepto.vocabulary import FACT_CODES, RDF_TYPE

if TYPE_CHECKING:
    from lepto.read.fhir.bundles import Absence, Resource
    from lepto.read.fhir.declared import Declared
    from lepto.read.fhir.entries import Coder


class Declaring(Protocol):
    """Knowledge in which the intake of health records is declared."""

    @property
    def store(self) -> Store:
        """The ontology, and what follows from it."""

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What may be said of a patient, by name."""


class Intaking:
    """Health records in, one record a patient out.

    In: the knowledge, in which the intake is declared, and the day of the question, after which no entry may be dated.
    """

    def __init__(self, knowledge: Declaring, on: date) -> None:
        self.knowledge, self.on = knowledge, on

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What may be said of a patient, by name."""
        return self.knowledge.facts

    @cached_property
    def declared(self) -> Declared:
        """What the ontology declares of health records."""
        from lepto.read.fhir.declared import declared

        return declared(self.knowledge.store)

    @cached_property
    def coder(self) -> Coder:
        """How codings become the IRIs of codes."""
        from lepto.read.fhir.entries import Coder

        known = self.declared
        systems = {uri: system.iri for uri, system in known.systems.items()}
        own = systems[FACT_CODES]
        named = {
            quad.subject.value
            for quad in self.knowledge.store.quads_for_pattern(None, NamedNode(RDF_TYPE), None, None)
            if isinstance(quad.subject, NamedNode)
        }
        systems[FACT_CODES] = lambda code: iri if (iri := own(code)) in named else None
        return Coder(systems, known.shown, known.ingredients)

    def records(self, found: Iterable[Resource | Absence], name: str) -> list[Record]:
        """Return a record for each patient to whom the resources belong, in the order in which they are first named."""
        from lepto.read.fhir.charts import Charts

        return Charts(self, list(found), name).records()
