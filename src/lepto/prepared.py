"""What an answer about patients asks of the knowledge, whether it was prepared now or an earlier time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from lepto.facts import Fact
from lepto.step import Step
from lepto.vocabulary import PATIENT, RDF_TYPE, TREATMENT_COURSE, XSD, XSD_DATE, local_name

WORN = 30_000
"""Triples removed from the store before it is copied into a fresh one, which takes some hundredths of a second."""


def folder() -> Path:
    """Return the folder that holds `ontology/`, `shapes/` and `queries/`: inside the package, or the repository's
    root.
    """
    packaged = Path(__file__).parent / "data"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


class Prepared(ABC):
    """The ontology with what follows from it without a patient, ready for patients to be put beside it.

    `root` is the folder from which it was made; `store` holds what the queries about patients read; `steps` are the
    compiled criteria, to be run in their order.
    """

    root: Path
    store: Store
    steps: tuple[Step, ...]
    _removed = 0

    @abstractmethod
    def query_text(self, name: str) -> str:
        """Return the text of a query by its path under `queries/` without ending, such as "derive/verdicts"."""

    @abstractmethod
    def known(self, name: str) -> QuerySolutions:
        """Return the answer to a query about the knowledge alone, named in the same way."""

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Every fact of a patient or of a course, by its name."""
        found = {}
        for fact, range_, domain, is_literal, is_functional in self.known("prepare/facts"):
            name, range_iri = local_name(_iri(fact)), _iri(range_)
            datatype = range_iri if range_iri.startswith(XSD) else XSD_DATE
            found[name] = Fact(
                name=name,
                datatype=datatype if _is_true(is_literal) else None,
                many=not _is_true(is_functional),
                of_course=_iri(domain) == TREATMENT_COURSE,
                nested=range_iri == TREATMENT_COURSE,
            )
        return dict(sorted(found.items()))

    def members(self, class_: str) -> list[str]:
        """Return the names of the individuals of a class, sorted."""
        quads = self.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(class_), None)
        return [local_name(iri) for iri in sorted(_iri(quad.subject) for quad in quads)]

    def label(self, iri: str) -> str:
        """Return the English label of a term, or its local name where it has none."""
        return self._labels.get(iri, local_name(iri))

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {_iri(term): label.value for term, label in self.known("prepare/labels") if isinstance(label, Literal)}

    def forget(self, removed: int) -> None:
        """Begin a fresh store once so much was removed from this one that it is slow: pyoxigraph keeps in memory, and
        steps over, whatever was ever removed. Not while there are patients in it.
        """
        self._removed += removed
        patients = self.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(PATIENT), None)
        if self._removed > WORN and next(patients, None) is None:
            fresh = Store()
            fresh.extend(self.store)
            self.store, self._removed = fresh, 0


def _iri(term: object) -> str:
    return term.value if isinstance(term, NamedNode) else ""


def _is_true(term: object) -> bool:
    return isinstance(term, Literal) and term.value == "true"
