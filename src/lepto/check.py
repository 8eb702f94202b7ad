"""Check ourselves: shapes, lint queries, criteria and rules, mappings, source positions, the reasoner.

Every check names itself and how many things it looked at; one that looked at nothing has failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pyshacl
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    serialize,
)
from rdflib import Graph
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node, URIRef

from lepto.check_digits import SCHEMES
from lepto.errors import InputError, KnowledgeError, LeptoError, one_line
from lepto.knowledge import Knowledge
from lepto.mappings import MappingSet
from lepto.query import catalogue, header
from lepto.reason import Examination, JavaMissing, ReasonerError, examine
from lepto.validate import Validator
from lepto.vocabulary import LEPTO, ONTOLOGY, OWL, RDF_TYPE, local_name
from lepto.vocabulary import RDFS as RDFS_SPACE
from lepto.vocabulary import SKOS as SKOS_SPACE

CANARY = "urn:lepto:canary"
SECONDS = 300.0
OA = "http://www.w3.org/ns/oa#"
SHAPES = LEPTO + "shapes/"
DEFINED_BY = NamedNode(RDFS_SPACE + "isDefinedBy")
TYPE = NamedNode(RDF_TYPE)
HEADERS = {
    "competency": ("summary", "question", "returns", "expects"),
    "lint": ("summary", "question", "returns", "things", "looks-at"),
}


@dataclass(frozen=True)
class Check:
    """What one check found.

    `looked_at` counts the `things` that it looked at; `problems` are sentences; `skipped` says why it was not done at
    all, None where it was.
    """

    name: str
    looked_at: int
    things: str
    problems: tuple[str, ...] = ()
    skipped: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is a problem, or nothing to look at."""
        return self.skipped is None and (bool(self.problems) or self.looked_at == 0)

    def line(self) -> str:
        """The result on one line, and every problem on a line of its own below it."""
        if self.skipped is not None:
            return f"skip  {self.name}: {self.skipped}"
        state = "FAIL" if self.failed else "ok  "
        problems = "".join(f"\n      {one_line(problem)}" for problem in self.problems)
        return f"{state}  {self.name}: {self.looked_at} {self.things} looked at{problems}"


class UnknownCheckError(LeptoError):
    """A name that no check has. `str()` is one line that names the check that was meant, where one comes near."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        near = get_close_matches(name, names, n=1)
        mend = f"did you mean {near[0]!r}?" if near else "lepto check prints the name of each"
        super().__init__(one_line(f"there is no check {name!r}; {mend}"))


def checks(knowledge: Knowledge, source: Path | None = None, without: Collection[str] = ()) -> Iterator[Check]:
    """Yield the result of every check, each as soon as it is known.

    In: the knowledge; the text of the guideline's source, to prove every position in it, or None to leave that out; the
    names of checks that are not to be done and are told as skipped ("reasoner" stands for all that HermiT does). Raises
    UnknownCheckError for a name that no check has, and InputError when the source cannot be read.
    """
    steps = _steps(knowledge, source)
    for name in without:
        if name not in steps:
            raise UnknownCheckError(name, steps)
    for name, step in steps.items():
        if name in without:
            yield Check(name, 0, "things", skipped="left out by --without")
        else:
            yield from step(name)


def _steps(knowledge: Knowledge, source: Path | None) -> dict[str, Callable[[str], Iterable[Check]]]:
    """What is done under the name of each check, in order."""

    def one(check: Callable[..., Check], *arguments: object) -> Callable[[str], Iterable[Check]]:
        return lambda name: [check(name, knowledge, *arguments)]

    lints = (entry.name for entry in catalogue(knowledge) if entry.name.startswith("lint/"))
    sets = sorted(knowledge.mapping_sets, key=lambda one_set: knowledge.label(one_set.terminology))
    mappings = {f"mappings to {knowledge.label(one_set.terminology)}": one(_mappings, one_set) for one_set in sets}
    return {
        "patient shapes refuse a canary": one(_patient_shapes),
        "annotations under shapes": one(_shapes, "annotations", "terms and modules", OWL + "Class"),
        "rules under shapes": one(_shapes, "rules", "rules, remarks, claims and evidence items", LEPTO + "Offer"),
        "catalogue of queries": one(_catalogue),
        **{name: one(_lint) for name in lints},
        "compiled criteria": one(_criteria),
        "compiled rules": one(_rules),
        **mappings,
        "source positions": one(_positions, source),
        "reasoner": lambda name: _reasoner(name, knowledge),
    }


# Shapes


def _patient_shapes(name: str, knowledge: Knowledge) -> Check:
    """The contract on patients is used elsewhere; here it must be readable and refuse a canary."""
    try:
        validator = Validator(knowledge)
        validator.validate([], date.min)
    except KnowledgeError as error:
        return Check(name, 0, "shapes", (str(error),))
    named = {triple.subject for triple in validator.shapes if isinstance(triple.subject, NamedNode)}
    return Check(name, len(named), "shapes")


def _shapes(name: str, knowledge: Knowledge, file: str, things: str, canary: str) -> Check:
    """Hold the ontology against one file of shapes. A canary of the given class must be refused; so must a shape that
    looks at nothing.
    """
    data = graph([*terms(knowledge), Triple(NamedNode(CANARY), TYPE, NamedNode(canary))])
    path = knowledge.root / "shapes" / f"{file}.ttl"
    try:
        shapes = Graph().parse(data=path.read_text(encoding="utf-8"), format="turtle")
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    except Exception as error:  # pySHACL and rdflib raise what they like
        return Check(name, 0, things, (f"{path}: {error}",))
    assert isinstance(report, Graph)
    found = set(_results(report))
    problems = sorted(f"{_short(focus)}: {text}" for focus, text in found if focus != URIRef(CANARY))
    if not any(focus == URIRef(CANARY) for focus, _ in found):
        problems.append(f"{path}: a canary that must be refused was accepted")
    focus: set[Node] = set()
    for shape, nodes in _targets(shapes, data):
        problems += [] if nodes else [f"{_short(shape)} looks at nothing"]
        focus |= nodes
    return Check(name, len(focus), things, tuple(problems))


def _results(report: Graph) -> Iterator[tuple[Node, str]]:
    for result in report.objects(None, SH.result):
        focus, value = report.value(result, SH.focusNode), report.value(result, SH.value)
        assert focus is not None
        shown = f" ({_short(value)})" if value is not None and value != focus else ""
        yield focus, f"{report.value(result, SH.resultMessage)}{shown}"


def _targets(shapes: Graph, data: Graph) -> Iterator[tuple[Node, set[Node]]]:
    """Every shape with a target, and the nodes on which it is focused, the canary left out."""
    kinds = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
    for shape in sorted({shape for kind in kinds for shape in shapes.subjects(kind)}, key=str):
        nodes: set[Node] = set(shapes.objects(shape, SH.targetNode))
        for class_ in shapes.objects(shape, SH.targetClass):
            for below in data.transitive_subjects(RDFS.subClassOf, class_):
                nodes.update(data.subjects(RDF.type, below))
        for relation in shapes.objects(shape, SH.targetSubjectsOf):
            nodes.update(data.subjects(relation))
        for relation in shapes.objects(shape, SH.targetObjectsOf):
            nodes.update(data.objects(None, relation))
        yield shape, nodes - {URIRef(CANARY)}


def terms(knowledge: Knowledge) -> Iterator[Triple]:
    """Yield what is held against the shapes on annotations and rules.

    That is what the ontology says of LEPTO's own terms and of places in the source, without class expressions; which
    module declares a term (rdfs:isDefinedBy); and which classes are compiled criteria (lepto:CompiledNode).
    """
    for module in knowledge.modules:
        places = {t.subject for t in module.triples if t.predicate == TYPE and _iri(t.object).startswith(OA)}
        for triple in module.triples:
            own = _iri(triple.subject).startswith(LEPTO)
            if own or triple.subject in places:
                yield triple
            if own and triple.predicate == TYPE:
                yield Triple(triple.subject, DEFINED_BY, NamedNode(module.iri))
    for criterion in knowledge.compiled.criteria:
        yield Triple(NamedNode(criterion), TYPE, NamedNode(LEPTO + "CompiledNode"))


def graph(triples: Iterable[Triple]) -> Graph:
    """Return the triples as pySHACL wants them: an rdflib graph. Nothing is fetched."""
    return Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")


# Queries


def _catalogue(name: str, knowledge: Knowledge) -> Check:
    """Every query that comes with LEPTO says what it is for, and is SPARQL."""
    entries, problems = catalogue(knowledge), []
    for entry in entries:
        text = knowledge.query_text(entry.name)
        said = header(text)
        for key in HEADERS.get(entry.name.split("/")[0], ("summary", "question", "returns")):
            problems += [] if said.get(key) else [f"{entry.name} has no header line {key}"]
        try:
            Store().query(text)
        except SyntaxError as error:
            problems.append(f"{entry.name}: {error}")
    return Check(name, len(entries), "queries", tuple(problems))


def _lint(name: str, knowledge: Knowledge) -> Check:
    text = knowledge.query_text(name)
    said = header(text)
    prologue = "".join(line for line in text.splitlines(keepends=True) if line.upper().startswith("PREFIX"))
    counting = f"{prologue} SELECT (COUNT(DISTINCT ?thing) AS ?n) WHERE {{ {said.get('looks-at', '')} }}"
    try:
        ((number,),) = _select(knowledge.whole, counting)
        rows = _select(knowledge.whole, text)
        names = [variable.value for variable in rows.variables]
        problems = tuple(_told(zip(names, row, strict=True)) for row in rows)
    except SyntaxError as error:
        return Check(name, 0, "things", (f"{name}: {error}",))
    return Check(name, int(_text(number)), said.get("things", "things"), problems)


def _told(row: Iterable[tuple[str, object]]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in row if value is not None)


# Criteria and rules


def _criteria(name: str, knowledge: Knowledge) -> Check:
    """Every defined class of patients is compiled, and there is a way from it to a fact."""
    ways = {_iri(triple.object) for triple in knowledge.compiled.triples if triple.predicate.value == LEPTO + "pathOf"}
    criteria = knowledge.compiled.criteria
    problems = [f"no fact decides lepto:{local_name(iri)}" for iri in criteria if iri not in ways]
    return Check(name, len(criteria), "criteria", tuple(problems))


def _rules(name: str, knowledge: Knowledge) -> Check:
    """Every rule is in the portable query, and the portable query is SPARQL."""
    rules = sorted(set(knowledge.values.members.get(LEPTO + "Rule", ())))
    portable = knowledge.compiled.portable
    missing = [rule for rule in rules if f" AS ?{local_name(rule)})" not in portable]
    problems = [f"lepto:{local_name(rule)} was not compiled" for rule in missing]
    try:
        Store().query(portable)
    except SyntaxError as error:
        problems.append(f"the portable query: {error}")
    return Check(name, len(rules), "rules", tuple(problems))


# Mappings


def _mappings(name: str, knowledge: Knowledge, mapping_set: MappingSet) -> Check:
    """Every row names its concept as the ontology does, and a code whose last digit proves the others. What else is
    wrong with a row is refused when it is read, or found by a lint query.
    """
    problems = []
    proves = _check_digit(knowledge, mapping_set.terminology)
    for mapping in mapping_set.mappings:
        place = f"{mapping_set.path}: line {mapping.line}"
        if mapping.subject_label != knowledge.label(mapping.subject):
            problems.append(f"{place}: the label of {_short(mapping.subject)} is {knowledge.label(mapping.subject)!r}")
        if mapping.found and not proves(local_name(mapping.code)):
            problems.append(f"{place}: the check digit of {local_name(mapping.code)} is wrong")
    return Check(name, len(mapping_set.mappings), "mappings and searches without result", tuple(problems))


def _check_digit(knowledge: Knowledge, terminology: str) -> Callable[[str], bool]:
    """What proves the check digit of a code; every code passes where the terminology has none."""
    rows = _select(
        knowledge.store,
        f"""SELECT ?scheme
        WHERE {{ <{terminology}> <{LEPTO}checkDigit>/<{SKOS_SPACE}notation> ?scheme }}""",
    )
    return next((SCHEMES[_text(scheme)] for (scheme,) in rows), lambda _: True)


# Source positions


@dataclass(frozen=True)
class _Place:
    """Where a claim stands in a source, and the checksum of that stretch."""

    claim: str
    source: str
    start: int
    end: int
    sha256: str


def _positions(name: str, knowledge: Knowledge, file: Path | None) -> Check:
    """Prove that the file is the source, and that every claim's place in it is what it was."""
    if file is None:
        return Check(name, 0, "places", skipped="no text was given; --source FILE proves every place in the source")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(
            str(file), "the whole file", error.strerror or "unreadable", "give the source's text"
        ) from error
    sources = _sources(knowledge, _sha256(data))
    places = [place for place in _places(knowledge) if place.source in sources]
    text = data.decode("utf-8", errors="replace")
    moved = [place for place in places if _sha256(text[place.start : place.end].encode()) != place.sha256]
    problems = [f"{place.claim}: characters {place.start} to {place.end} have another SHA-256" for place in moved]
    if not sources:
        problems.append(f"{file} is no source of the ontology: no evidence item has its SHA-256")
    return Check(name, len(places), "places", tuple(problems))


def _sources(knowledge: Knowledge, sha256: str) -> set[str]:
    quads = _quads(knowledge, LEPTO + "sha256")
    return {_iri(q.subject) for q in quads if isinstance(q.subject, NamedNode) and _text(q.object) == sha256}


def _places(knowledge: Knowledge) -> Iterator[_Place]:
    rows = _select(
        knowledge.store,
        f"""PREFIX oa: <{OA}>
        SELECT ?claim ?source ?start ?end ?sha256
        WHERE {{
          ?claim oa:hasTarget ?target .
          ?target oa:hasSource ?source ; <{LEPTO}sha256> ?sha256 ; oa:hasSelector ?selector .
          ?selector oa:start ?start ; oa:end ?end .
        }}
        ORDER BY ?claim""",
    )
    for claim, source, start, end, sha256 in rows:
        yield _Place(_shown(claim), _iri(source), int(_text(start)), int(_text(end)), _text(sha256))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# The reasoner


def _reasoner(name: str, knowledge: Knowledge) -> Iterator[Check]:
    """HermiT over all modules: consistent, no class without a possible member, OWL 2 DL. Then once more with the
    mappings taken at their word, beside pieces of the hierarchies to which they map.
    """
    triples = [triple for module in knowledge.modules for triple in module.triples]
    try:
        yield from _examined(name, examine(triples, seconds=SECONDS))
        found = examine([*triples, *knowledge.bridges], seconds=SECONDS)
        yield Check(
            f"{name}: mapped classes",
            len(knowledge.bridges),
            "triples of bridging axioms",
            (*_culprits(found), *_impossible(found)),
        )
    except JavaMissing as error:
        yield Check(name, 0, "axioms", skipped=str(error))
    except (KnowledgeError, ReasonerError) as error:
        yield Check(name, 0, "axioms", (str(error),))


def _examined(name: str, found: Examination) -> Iterator[Check]:
    yield Check(f"{name}: consistency", found.axioms, "axioms", _culprits(found))
    yield Check(f"{name}: satisfiable classes", found.classes, "classes", _impossible(found))
    declared = found.classes + found.properties + found.individuals
    yield Check(f"{name}: OWL 2 DL", declared, "classes, properties and individuals", found.profile_violations)


def _culprits(found: Examination) -> tuple[str, ...]:
    return () if found.consistent else ("these axioms cannot hold together", *found.culprits)


def _impossible(found: Examination) -> tuple[str, ...]:
    return tuple(f"{_short(iri)} can have no member" for iri in found.unsatisfiable)


# Terms


def _select(store: Store, text: str) -> QuerySolutions:
    answer = store.query(text)
    if not isinstance(answer, QuerySolutions):
        raise SyntaxError("a SELECT is wanted here")
    return answer


def _quads(knowledge: Knowledge, predicate: str) -> Iterator[Quad]:
    yield from knowledge.store.quads_for_pattern(None, NamedNode(predicate), None, None)


def _iri(term: object) -> str:
    return term.value if isinstance(term, NamedNode) else ""


def _text(term: object) -> str:
    return term.value if isinstance(term, Literal) else ""


def _shown(term: object) -> str:
    if isinstance(term, NamedNode):
        return _short(term.value)
    return "an unnamed node" if isinstance(term, BlankNode) else f'"{_text(term)}"'


def _short(iri: object) -> str:
    """The prefixed name of a term of LEPTO or of its shapes; anything else as it is."""
    text = str(iri)
    for prefix, space in (("leptosh:", SHAPES), ("lepto:", LEPTO)):
        if text.startswith(space) and not text.startswith(ONTOLOGY):
            return prefix + text.removeprefix(space)
    return text
