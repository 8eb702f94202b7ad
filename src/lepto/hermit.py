"""The child program that runs HermiT: one JSON job on standard input, one JSON answer on standard output.

`lepto.reason` starts it as `python -m lepto.hermit`, in a process group of its own, so that whatever happens inside the
Java machine ends with this process. The ontology comes inside the job: no record of a patient is written to a disk.

Job: `task` ("examine", "classify", "decide" or "explain"), `jvm` (path of libjvm), `jar` (path of HermiT.jar),
`seconds` (after which the process ends itself, should nobody else end it), `canary` (its `namespace`, and the
`individual` that must be inferred to be a member of the `class`), `ontology` (RDF/XML); for "classify" and "decide"
`worlds` (RDF/XML texts, each reasoned alone with the ontology), for "decide" `classes` (for each world a list of IRIs),
for "explain" `class`.

Answer: `{"error": sentence}`, or what the function of the task's name below returns. `canary` in an answer is false
where the membership that must be inferred was not, and null where the ontology is inconsistent.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, TypeAlias

import jpype

from lepto.vocabulary import LEPTO

Java: TypeAlias = Any  # an object of the Java machine, of whose type Python knows nothing
Job: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

GRACE = 5  # seconds that the parent has to end this process before it ends itself
UNREADABLE = "http://org.semanticweb.owlapi/error#"  # a class so named is what OWLAPI puts for what it cannot read

_BLANK = re.compile(r"_:genid[\w-]+")
_IRI = re.compile(r"<([^<>\s]+)>")


class RefusalError(Exception):
    """HermiT cannot answer; the message is one sentence for the parent to pass on."""


@dataclass(frozen=True)
class Names:
    """Short forms of IRIs. An IRI whose short form another one shares is given in full."""

    shared: frozenset[str]

    @classmethod
    def from_iris(cls, iris: Iterable[str]) -> Names:
        """Return the names for all the IRIs that may stand in one text."""
        counts = Counter(_local(iri) for iri in set(iris))
        return cls(frozenset(local for local, count in counts.items() if count > 1))

    def short(self, iri: str) -> str:
        """Return what follows LEPTO's namespace, else the last segment; the whole IRI in <> where another shares it."""
        if iri.startswith(UNREADABLE):
            return "(an unreadable class expression)"
        local = _local(iri)
        return f"<{iri}>" if local in self.shared or not local else local


def _local(iri: str) -> str:
    return iri.removeprefix(LEPTO) if iri.startswith(LEPTO) else re.split(r"[/#:]", iri)[-1]


def examine(job: Job) -> Answer:
    """Look one ontology over.

    Out: `consistent`, `unsatisfiable`, `violations`, `culprits`, `canary`, and the counts `classes`, `properties`,
    `individuals` and `axioms` (logical ones), in which the canary is not.
    """
    ontology = _read(job["ontology"])
    reasoner = _reasoner(ontology)
    consistent = bool(reasoner.isConsistent())
    return {
        "consistent": consistent,
        "unsatisfiable": _unsatisfiable(ontology, reasoner) if consistent else [],
        "violations": _violation_lines(ontology),
        "culprits": [] if consistent else _culprits(ontology, []),
        "canary": _canary_holds(reasoner, job) if consistent else None,
        **_counts(ontology, job),
    }


def classify(job: Job) -> Answer:
    """Infer the classes of individuals.

    Out: `results`, one for each world, or one for the ontology itself where there are no worlds: `consistent`, `types`
    (from the IRI of an individual to the IRIs of its named classes), `culprits` and `canary`. Of a world come the
    individuals that the ontology does not name.
    """
    ontology = _seen_whole(_read(job["ontology"]))
    if not job["worlds"]:
        return {"results": [_classified(ontology, _individuals(ontology, job), job)]}
    known = _individuals(ontology, job)
    common = _java("java.util.HashSet")(_axioms(ontology))
    return {"results": [_world(common, known, text, job) for text in job["worlds"]]}


def decide(job: Job) -> Answer:
    """Settle whether the individuals of each world belong to each of its classes, cannot belong, or neither.

    Out: `results`, one for each world: `consistent`, `standings` (individual, class, and true, false or null),
    `culprits` and `canary`. An individual belongs to a class where being outside it is impossible; that needs no
    class for the complement, whose case split over every individual would cost HermiT minutes.
    """
    ontology = _seen_whole(_read(job["ontology"]))
    known = _individuals(ontology, job)
    common = _java("java.util.HashSet")(_axioms(ontology))
    worlds = zip(job["worlds"], job["classes"], strict=True)
    return {"results": [_decided(common, known, text, classes, job) for text, classes in worlds]}


def explain(job: Job) -> Answer:
    """Say why a class can have no member.

    Out: `culprits`, one minimal set of axioms under which it has none (empty: it can have one), and `canary`.
    """
    ontology = _seen_whole(_read(job["ontology"]))
    factory = _manager().getOWLDataFactory()
    wanted = factory.getOWLClass(_iri(job["class"]))
    if wanted.isBuiltIn() or not ontology.containsClassInSignature(wanted.getIRI()):
        raise RefusalError(f"{job['class']} is not a class of the ontology.")
    reasoner = _reasoner(ontology)
    canary = _canary_holds(reasoner, job) if reasoner.isConsistent() else None
    member = factory.getOWLNamedIndividual(_iri(job["canary"]["namespace"] + "member"))
    claim = factory.getOWLClassAssertionAxiom(wanted, member)
    if _is_consistent([*_logical(ontology), claim]):
        return {"culprits": [], "canary": canary}
    return {"culprits": _culprits(ontology, [claim]), "canary": canary}


# Java


def _start(jvm: str, jar: str) -> None:
    """Start the Java machine; a process can have one."""
    # Jobs take seconds: the second compiler and the parallel collector would cost more time than they save.
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-XX:ErrorFile={os.devnull}"]
    options += ["-Djava.awt.headless=true", f"-Djava.io.tmpdir={tempfile.gettempdir()}"]
    jpype.startJVM(jvm, *options, classpath=[jar])


def _java(name: str) -> Java:
    """Return the Java class of that full name."""
    return jpype.JClass(name)


def _iri(text: str) -> Java:
    return _java("org.semanticweb.owlapi.model.IRI").create(text)


def _class_name(thing: Java) -> str:
    return type(thing).__name__.rsplit(".", 1)[-1]


def _manager() -> Java:
    """Return a new manager of ontologies; one for each, since they trip over the names that they give."""
    manager = _java("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    manager.addIRIMapper(_nowhere())
    return manager


def _nowhere() -> Java:
    """Return what looks for every import where nothing can be, instead of in the network."""
    nothing = _iri(f"file:{os.devnull}/refused")
    methods = {"getDocumentIRI": lambda _: nothing}
    return jpype.JProxy("org.semanticweb.owlapi.model.OWLOntologyIRIMapper", dict=methods)


def _read(text: str) -> Java:
    """Return the ontology that RDF/XML states. Refuses what is not RDF/XML and what imports anything."""
    ontology = _manager().createOntology()
    source = _java("org.semanticweb.owlapi.io.StringDocumentSource")(text)
    settings = _java("org.semanticweb.owlapi.model.OWLOntologyLoaderConfiguration")()
    try:  # this parser by name: the manager's loadOntology would try a dozen formats before it gave up
        _java("org.coode.owlapi.rdfxml.parser.RDFXMLParser")().parse(source, ontology, settings)
    except jpype.JException as fault:
        raise RefusalError(f"The ontology cannot be read as RDF/XML ({_class_name(fault)}).") from None
    return ontology


def _joined(axioms: Iterable[Java]) -> Java:
    """Return an ontology of these axioms."""
    return _manager().createOntology(_java("java.util.HashSet")(axioms))


def _is_consistent(axioms: Iterable[Java]) -> bool:
    return bool(_reasoner(_joined(axioms)).isConsistent())


def _reasoner(ontology: Java) -> Java:
    """Return HermiT over an ontology, which may be inconsistent."""
    settings = _java("org.semanticweb.HermiT.Configuration")()
    settings.throwInconsistentOntologyException = False
    try:
        return _java("org.semanticweb.HermiT.Reasoner")(settings, ontology)
    except jpype.JException as fault:
        raise RefusalError(_refusal(fault, ontology)) from None


def _refusal(fault: Java, ontology: Java) -> str:
    if _class_name(fault) != "MalformedLiteralException":
        return f"HermiT refused the ontology: {' '.join(str(fault.getMessage()).split())}"
    # HermiT's own words hold the value, which may be a patient's: the property has to do.
    misspelt = [one for one in _violations(ontology) if _class_name(one) == "LexicalNotInLexicalSpace"]
    axioms = [one.getAxiom() for one in misspelt if one.getAxiom() is not None]
    properties = {_local(str(one.getIRI())) for axiom in axioms for one in axiom.getDataPropertiesInSignature()}
    return f"A value of {' or '.join(sorted(properties)) or 'a property'} is not in the lexical space of its datatype."


# What an ontology holds


def _axioms(ontology: Java) -> list[Java]:
    """Return what the reasoner needs: everything but the annotations."""
    return [axiom for axiom in ontology.getAxioms() if not axiom.isAnnotationAxiom()]


def _logical(ontology: Java) -> list[Java]:
    """Return the axioms that can contradict one another, in an order that hangs on what they say alone."""
    plain = {axiom.getAxiomWithoutAnnotations() for axiom in ontology.getLogicalAxioms()}
    return sorted(plain, key=lambda axiom: _BLANK.sub("_:", str(axiom)))


def _individuals(ontology: Java, job: Job) -> set[Java]:
    return {one for one in ontology.getIndividualsInSignature() if not _is_canary(one, job)}


def _is_canary(entity: Java, job: Job) -> bool:
    return str(entity.getIRI()).startswith(job["canary"]["namespace"])


def _counts(ontology: Java, job: Job) -> dict[str, int]:
    def own(*entities: Iterable[Java]) -> int:
        return sum(not one.isBuiltIn() and not _is_canary(one, job) for some in entities for one in some)

    def about_canary(axiom: Java) -> bool:
        return any(_is_canary(one, job) for one in axiom.getSignature())

    return {
        "classes": own(ontology.getClassesInSignature()),
        "properties": own(
            ontology.getObjectPropertiesInSignature(),
            ontology.getDataPropertiesInSignature(),
            ontology.getAnnotationPropertiesInSignature(),
        ),
        "individuals": own(ontology.getIndividualsInSignature()),
        "axioms": sum(not about_canary(axiom) for axiom in ontology.getLogicalAxioms()),
    }


def _seen_whole(ontology: Java) -> Java:
    """Return the ontology if each fact was read as one: what OWLAPI cannot place it takes for a note, silently."""
    names = _names(ontology)
    notes = (one for one in ontology.getAnnotationPropertiesInSignature() if not one.isBuiltIn())
    stray = sorted(names.short(str(one.getIRI())) for one in notes if not ontology.isDeclared(one))
    if stray:
        raise RefusalError(f"HermiT would not see every {stray[0]}: it is undeclared, or has values of another kind.")
    if any(str(one.getIRI()).startswith(UNREADABLE) for one in ontology.getClassesInSignature()):
        raise RefusalError("A class expression cannot be read as OWL 2; examine the ontology to see where.")
    return ontology


# What HermiT says


def _world(common: Java, known: set[Java], text: str, job: Job) -> Answer:
    own = _seen_whole(_read(text))
    axioms = _java("java.util.HashSet")(common)
    axioms.addAll(_axioms(own))
    return _classified(_joined(axioms), _individuals(own, job) - known, job)


def _decided(common: Java, known: set[Java], text: str, classes: list[str], job: Job) -> Answer:
    own = _seen_whole(_read(text))
    axioms = _java("java.util.HashSet")(common)
    axioms.addAll(_axioms(own))
    both = _joined(axioms)
    reasoner = _reasoner(both)
    if not reasoner.isConsistent():
        return {"consistent": False, "standings": {}, "culprits": _culprits(both, []), "canary": None}
    canary = _manager().getOWLDataFactory().getOWLNamedIndividual(_iri(job["canary"]["individual"]))
    standings = {
        str(one.getIRI()): {iri: _belongs(reasoner, one, iri) for iri in classes}
        for one in _individuals(own, job) - known
    }
    sings = _belongs(reasoner, canary, job["canary"]["class"]) is True
    return {"consistent": True, "standings": standings, "culprits": [], "canary": sings}


def _belongs(reasoner: Java, individual: Java, class_iri: str) -> bool | None:
    factory = _manager().getOWLDataFactory()
    itself = factory.getOWLObjectOneOf(individual)
    inside = factory.getOWLClass(_iri(class_iri))
    outside = factory.getOWLObjectComplementOf(inside)
    if not reasoner.isSatisfiable(factory.getOWLObjectIntersectionOf(itself, outside)):
        return True
    if not reasoner.isSatisfiable(factory.getOWLObjectIntersectionOf(itself, inside)):
        return False
    return None


def _classified(ontology: Java, individuals: set[Java], job: Job) -> Answer:
    reasoner = _reasoner(ontology)
    if not reasoner.isConsistent():
        return {"consistent": False, "types": {}, "culprits": _culprits(ontology, []), "canary": None}
    types = {str(one.getIRI()): _types(reasoner, one) for one in individuals}
    return {"consistent": True, "types": types, "culprits": [], "canary": _canary_holds(reasoner, job)}


def _types(reasoner: Java, individual: Java) -> list[str]:
    # Of HermiT 1.3.8 only getTypes is asked: until the classes are classified, isEntailed and getInstances miss
    # memberships, because hasType does not test a class that became possible while it looked at the subclasses.
    found = reasoner.getTypes(individual, False).getFlattened()
    return sorted(str(one.getIRI()) for one in found if not one.isOWLThing())


def _canary_holds(reasoner: Java, job: Job) -> bool:
    canary = _manager().getOWLDataFactory().getOWLNamedIndividual(_iri(job["canary"]["individual"]))
    return job["canary"]["class"] in _types(reasoner, canary)


def _unsatisfiable(ontology: Java, reasoner: Java) -> list[str]:
    classes = (one for one in ontology.getClassesInSignature() if not one.isBuiltIn())
    return sorted(str(one.getIRI()) for one in classes if not reasoner.isSatisfiable(one))


def _culprits(ontology: Java, given: Sequence[Java]) -> list[str]:
    """Return, a line each, one set of axioms that contradicts what is `given` and of which none can be spared."""
    guilty = _minimal(list(given), _logical(ontology))
    rests = ([*given, *guilty[:i], *guilty[i + 1 :]] for i in range(len(guilty)))
    if _is_consistent([*given, *guilty]) or not all(_is_consistent(rest) for rest in rests):
        raise RefusalError("HermiT found a contradiction, but no axioms could be proved to be a minimal cause.")
    return _lines(guilty, _writer(_names(ontology)))


def _minimal(given: list[Java], axioms: list[Java]) -> list[Java]:
    """Return a minimal part of `axioms` that contradicts `given`: QuickXplain (Junker, AAAI 2004).

    With n axioms of which k are at fault it asks HermiT about 2 k log2(n / k) + 2 k times.
    """

    def search(background: list[Java], grown: bool, left: list[Java]) -> list[Java]:
        if grown and not _is_consistent(background):
            return []
        if len(left) <= 1:
            return left
        early, late = left[: len(left) // 2], left[len(left) // 2 :]
        from_late = search(background + early, True, late)
        return search(background + from_late, bool(from_late), early) + from_late

    return search(given, bool(given), axioms)


# In words


def _names(ontology: Java) -> Names:
    return Names.from_iris(str(one.getIRI()) for one in ontology.getSignature())


def _writer(names: Names) -> Callable[[Java], str]:
    """Return what writes an axiom as one line of Manchester syntax."""
    package = "uk.ac.manchester.cs.owl.owlapi.mansyntaxrenderer"
    renderer = _java(f"{package}.ManchesterOWLSyntaxOWLObjectRendererImpl")()
    methods = {"getShortForm": lambda entity: names.short(str(entity.getIRI())), "dispose": lambda: None}
    renderer.setShortFormProvider(jpype.JProxy("org.semanticweb.owlapi.util.ShortFormProvider", dict=methods))
    return lambda axiom: _shortened(" ".join(str(renderer.render(axiom)).split()), names)


def _shortened(text: str, names: Names) -> str:
    return _IRI.sub(lambda match: names.short(match[1]), text)


def _lines(axioms: Iterable[Java], write: Callable[[Java], str]) -> list[str]:
    """Return the axioms in writing, sorted, their blank nodes numbered."""
    texts = sorted((write(axiom) for axiom in axioms), key=lambda text: (_BLANK.sub("_:", text), text))
    found = dict.fromkeys(label for text in texts for label in _BLANK.findall(text))
    labels = {label: f"_:{number}" for number, label in enumerate(found, start=1)}
    return sorted(_BLANK.sub(lambda match: labels[match[0]], text) for text in texts)


def _violations(ontology: Java) -> list[Java]:
    """Return what keeps an ontology outside OWL 2 DL."""
    report = _java("org.semanticweb.owlapi.profiles.OWL2DLProfile")().checkOntology(ontology)
    return list(report.getViolations())


def _violation_lines(ontology: Java) -> list[str]:
    names = _names(ontology)
    write = _writer(names)
    return sorted({_violation_line(one, names, write) for one in _violations(ontology)})


def _violation_line(violation: Java, names: Names, write: Callable[[Java], str]) -> str:
    # A violation's own text runs on into the axiom in functional syntax and the ontology's name: neither is readable.
    axiom = violation.getAxiom()
    tail = " [null in " if axiom is None else str(axiom)
    what = _shortened(str(violation).split(tail)[0].rstrip(" [:"), names)
    return f"{what}." if axiom is None else f"{what}, in: {_BLANK.sub('_:', write(axiom))}."


TASKS = {"examine": examine, "classify": classify, "decide": decide, "explain": explain}


def main() -> None:
    """Read the job, give the answer, end. The exit status is 0 where an answer was given, whatever it says."""
    answers = _private_output()
    job = json.load(sys.stdin)
    signal.alarm(math.ceil(job["seconds"]) + GRACE)  # its default action ends the process, Java and all
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no dump of a memory in which there are patients
    try:
        _start(job["jvm"], job["jar"])
        answer = TASKS[job["task"]](job)
    except RefusalError as refusal:
        answer = {"error": str(refusal)}
    json.dump(answer, answers)
    answers.flush()
    os._exit(0)  # at once: there is nothing in the Java machine to take leave of


def _private_output() -> TextIO:
    """Return standard output for the answer alone: what Java prints goes where the errors go."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
