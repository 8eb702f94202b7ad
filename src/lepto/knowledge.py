"""The knowledge: ontology, shapes and queries, loaded once and prepared for questions.

Nothing is derived in the source modules. What follows from them without any patient (types, kinds of treatment by
composition, the criteria on which a rule rests, which action falls under which) is derived here by the queries in
`queries/prepare/` and kept in memory; `recall.py` keeps what answers need of it between commands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, QueryTriples, RdfFormat, Store, Triple, parse

from lepto.compile import Compiled, CompiledRule, Patterns, Values, compile_criteria
from lepto.definition import Named, defined_classes
from lepto.errors import KnowledgeError
from lepto.mappings import MappingSet, read_mapping_sets
from lepto.prepared import Prepared, folder
from lepto.vocabulary import (
    LEPTO,
    ONTOLOGY,
    OWL,
    RDF_TYPE,
    SKOS,
    local_name,
)

__all__ = ["Knowledge", "Module", "folder", "load", "read_modules"]


@dataclass(frozen=True)
class Module:
    """One ontology file: its IRI, its path and its triples."""

    iri: str
    path: Path
    triples: tuple[Triple, ...]


class Knowledge(Prepared):
    """The ontology in a store, with everything that follows from it without a patient.

    In: the folder that holds `ontology/`, `shapes/` and `queries/`, and the modules of the ontology where they are not
    those of the folder. Raises KnowledgeError, naming the file or term, when the knowledge cannot be used.
    """

    def __init__(self, root: Path, modules: Iterable[Module] | None = None) -> None:
        self.root = root
        self._texts: dict[str, str] = {}
        self.modules = tuple(read_modules(root) if modules is None else modules)
        self.store, self._is_whole = Store(), False
        self.store.extend(Quad(*triple) for module in self.modules for triple in module.triples)
        self.mapping_sets = read_mapping_sets(root / "ontology" / "mappings")
        self.store.extend(Quad(*triple) for mapping_set in self.mapping_sets for triple in self._mapped(mapping_set))
        self.definitions = defined_classes(self.store)
        self._construct("types")
        self.values = self._values()
        self.store.extend(Quad(*triple) for triple in self.values.triples())
        for name in ("outranks", "falls-under", "rules"):
            self._construct(name)
        if len(guidelines := self.values.members.get(LEPTO + "Guideline", ())) != 1:
            raise KnowledgeError(f"verdicts are resolved within one guideline, and here are {len(guidelines)}")
        self.compiled = self._compile()
        self.store.extend(Quad(*triple) for triple in self.compiled.triples)
        self.steps = self.compiled.steps

    # What it is

    @cached_property
    def version(self) -> str:
        """The version of the ontology, as its header says."""
        return self._literal(ONTOLOGY, OWL + "versionInfo")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the files of the ontology, the shapes and the queries, in order of their paths."""
        digest = hashlib.sha256()
        for path in sorted(
            path for part in ("ontology", "shapes", "queries") for path in (self.root / part).rglob("*.*")
        ):
            digest.update(path.relative_to(self.root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    @property
    def whole(self) -> Store:
        """The store, with the records of the mappings in it too: what was looked for where, by whom, why and when. They
        are put in when they are first asked for, since no answer about a patient needs them.
        """
        if not self._is_whole:
            self._construct("looked-for")
            self.store.extend(Quad(*triple) for mapping_set in self.mapping_sets for triple in mapping_set.records())
            self._is_whole = True
        return self.store

    @cached_property
    def bridges(self) -> tuple[Triple, ...]:
        """What the mappings say in logic, and what MONDO and NCIt put under what: for the reasoner alone."""
        answer = self.store.query(self.query_text("prepare/bridges"))
        assert isinstance(answer, QueryTriples)
        return (*answer, *_parsed(self.root / "ontology" / "mappings" / "hierarchies.ttl"))

    # Questions

    def query_text(self, name: str) -> str:
        """Return the text of a query by its path under `queries/` without ending, such as "derive/verdicts"."""
        if name not in self._texts:
            try:
                self._texts[name] = (self.root / "queries" / f"{name}.rq").read_text(encoding="utf-8")
            except OSError as error:
                raise KnowledgeError(f"there is no query {name}: {error.strerror}") from error
        return self._texts[name]

    def known(self, name: str) -> QuerySolutions:
        """Return the answer to a query about the knowledge alone, named in the same way."""
        answer = self.store.query(self.query_text(name))
        assert isinstance(answer, QuerySolutions)
        return answer

    # How it is prepared

    def _mapped(self, mapping_set: MappingSet) -> Iterator[Triple]:
        """Yield the mappings of a set, and for every code its terminology and how records write it."""
        terminology = NamedNode(mapping_set.terminology)
        prefix = next(self._literals(terminology.value, LEPTO + "codeIriPrefix"), "")
        text = next(self._literals(terminology.value, LEPTO + "codeTextPrefix"), "")
        for mapping in mapping_set.mappings:
            if mapping.found:
                if not prefix or not mapping.code.startswith(prefix):
                    place = f"{mapping_set.path}: line {mapping.line}"
                    mend = "mend the curie_map, or ontology/code-systems.ttl"
                    raise KnowledgeError(f"{place}: {mapping.code} has not the codeIriPrefix of {terminology}; {mend}")
                code = NamedNode(mapping.code)
                yield Triple(NamedNode(mapping.subject), NamedNode(mapping.relation), code)
                yield Triple(code, NamedNode(LEPTO + "codeSystem"), terminology)
                yield Triple(code, NamedNode(SKOS + "notation"), Literal(text + mapping.code.removeprefix(prefix)))

    def _construct(self, name: str) -> None:
        answer = self.store.query(self.query_text(f"prepare/{name}"))
        assert isinstance(answer, QueryTriples)
        self.store.extend([Quad(*triple) for triple in answer])

    def _pairs(self, name: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for first, second in self.known(f"prepare/{name}"):
            assert isinstance(first, NamedNode)
            assert isinstance(second, NamedNode)
            found.setdefault(first.value, set()).add(second.value)
        return {key: tuple(sorted(values)) for key, values in sorted(found.items())}

    def _values(self) -> Values:
        """Infer the kinds of treatment from composition; then list who belongs to which class and who cannot."""
        primitive = Values(self._pairs("members"), {}, {})
        patterns = Patterns(self.definitions, primitive, frozenset(), frozenset())
        for iri in self.definitions:
            if self._is(iri, OWL + "Class") and not patterns.is_record(Named(iri)):
                answer = self.store.query(f"SELECT DISTINCT ?x WHERE {{ {patterns.met(Named(iri), '?x')} }}")
                assert isinstance(answer, QuerySolutions)
                self.store.extend([Quad(row[0], NamedNode(RDF_TYPE), NamedNode(iri)) for row in answer])
        return Values(
            self._pairs("members"), self._pairs("nonmembers") | self._pairs("other-kinds"), self._pairs("others")
        )

    def _compile(self) -> Compiled:
        functional = frozenset(self._subjects(RDF_TYPE, OWL + "FunctionalProperty"))
        denied = frozenset(self._objects(LEPTO + "denies"))
        rules = [
            CompiledRule(
                rule,
                tuple(sorted(self._objects(LEPTO + "needs", rule))),
                tuple(sorted(self._objects(LEPTO + "yieldsTo", rule))),
                tuple(sorted(self._objects(LEPTO + "settledBy", rule))),
            )
            for rule in sorted(self._subjects(LEPTO + "partOfGuideline"))
            if self._is(rule, LEPTO + "Rule")
        ]
        compiled = compile_criteria(self.definitions, self.values, functional, denied, rules)
        for rule in rules:
            for criterion in (*rule.needs, *rule.yields_to):
                if criterion not in compiled.criteria:
                    raise KnowledgeError(
                        f"{local_name(rule.iri)} names {local_name(criterion)}, which is no defined class of patients"
                    )
        return compiled

    # Look-ups

    def _is(self, iri: str, class_: str) -> bool:
        return Quad(NamedNode(iri), NamedNode(RDF_TYPE), NamedNode(class_)) in self.store

    def _subjects(self, predicate: str, object_: str | None = None) -> Iterator[str]:
        target = NamedNode(object_) if object_ else None
        for quad in self.store.quads_for_pattern(None, NamedNode(predicate), target, None):
            if isinstance(quad.subject, NamedNode):
                yield quad.subject.value

    def _objects(self, predicate: str, subject: str | None = None) -> Iterator[str]:
        source = NamedNode(subject) if subject else None
        for quad in self.store.quads_for_pattern(source, NamedNode(predicate), None, None):
            if isinstance(quad.object, NamedNode):
                yield quad.object.value

    def _literal(self, subject: str, predicate: str) -> str:
        for text in self._literals(subject, predicate):
            return text
        raise KnowledgeError(f"{subject} has no {local_name(predicate)}")

    def _literals(self, subject: str, predicate: str) -> Iterator[str]:
        for quad in self.store.quads_for_pattern(NamedNode(subject), NamedNode(predicate), None, None):
            if isinstance(quad.object, Literal):
                yield quad.object.value


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """Return the knowledge that comes with the package, loaded once a process."""
    return Knowledge(folder())


def read_modules(root: Path) -> Iterator[Module]:
    """Yield the modules of a folder, following the imports from the door.

    An import that is no file of ours is refused, never fetched.
    """
    pending, seen = [ONTOLOGY], set()
    while pending:
        iri = pending.pop()
        if iri in seen:
            continue
        seen.add(iri)
        path = _path(root, iri)
        triples = _parsed(path)
        yield Module(iri, path, triples)
        pending += [
            t.object.value for t in triples if t.predicate.value == OWL + "imports" and isinstance(t.object, NamedNode)
        ]


def _parsed(path: Path) -> tuple[Triple, ...]:
    try:
        return tuple(Triple(*quad.triple) for quad in parse(path.read_bytes(), format=RdfFormat.TURTLE))
    except (OSError, SyntaxError) as error:
        raise KnowledgeError(f"{path}: {error}") from error


def _path(root: Path, iri: str) -> Path:
    if iri == ONTOLOGY:
        return root / "ontology" / "lepto.ttl"
    if not iri.startswith(ONTOLOGY + "/"):
        raise KnowledgeError(f"the import <{iri}> is not a module of LEPTO; nothing is fetched")
    return root / "ontology" / (iri.removeprefix(ONTOLOGY + "/") + ".ttl")
