"""`lepto check` passes on what is here, and fails on whatever is broken in a copy."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pyshacl
import pytest
from rdflib import Graph
from rdflib.namespace import RDF, SH
from rdflib.term import URIRef

from lepto import check
from lepto.check import Check, UnknownCheckError, checks
from lepto.errors import InputError, KnowledgeError
from lepto.knowledge import Knowledge
from lepto.reason import JavaMissing, ReasonerError, java
from lepto.vocabulary import LEPTO
from tests.toys import TOYS

ROOT = Path(__file__).parents[1]
ARTICLE = ROOT.parent / "shared" / "source" / "article.txt"
SHAPES = LEPTO + "shapes/"
CONTRACTS = ("annotations", "rules")


def need_article() -> None:
    """Skip, saying so, where the article is not beside the repository."""
    if not ARTICLE.exists():
        pytest.skip(f"the article is not at {ARTICLE.relative_to(ROOT.parent)} beside this repository")


# A check


@pytest.mark.parametrize(
    "result, line, failed",
    [
        (Check("shapes", 47, "rules"), "ok    shapes: 47 rules looked at", False),
        (Check("shapes", 0, "rules"), "FAIL  shapes: 0 rules looked at", True),
        (Check("shapes", 2, "rules", ("a is b",)), "FAIL  shapes: 2 rules looked at\n      a is b", True),
        (Check("shapes", 2, "rules", ("a\nb",)), "FAIL  shapes: 2 rules looked at\n      a\\nb", True),
        (Check("reasoner", 0, "axioms", skipped="no Java"), "skip  reasoner: no Java", False),
    ],
)
def test_a_check_says_on_one_line_what_it_found(result: Check, line: str, failed: bool) -> None:
    """A check that looked at nothing has failed; one that was left out says why."""
    assert result.line() == line
    assert result.failed == failed


def without_reasoner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the reasoner out, for tests that are about something else."""

    def missing(*_: object, **__: object) -> None:
        raise JavaMissing("left out by a test")

    monkeypatch.setattr(check, "examine", missing)


def results_of(knowledge: Knowledge, source: Path | None = None) -> dict[str, Check]:
    """Every check by its name."""
    found = list(checks(knowledge, source))
    assert len({result.name for result in found}) == len(found)
    return {result.name: result for result in found}


def test_everything_but_the_reasoner_passes(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ontology, the rules, the queries and the mappings are sound; what is left out says so."""
    without_reasoner(monkeypatch)
    results = results_of(knowledge)
    assert [result.line() for result in results.values() if result.failed] == []
    skipped = [name for name, result in results.items() if result.skipped is not None]
    assert skipped == ["source positions", "reasoner"]
    lints = [name for name in results if name.startswith("lint/")]
    assert len(lints) == len(list((knowledge.root / "queries" / "lint").glob("*.rq")))


def test_a_check_that_is_left_out_is_not_done(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as skipped; the others are done."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the reasoner was started")

    monkeypatch.setattr(check, "examine", never)
    results = list(checks(knowledge, None, ["reasoner", "lint/circles"]))
    assert [result.line() for result in results if result.skipped and "--without" in result.skipped] == [
        "skip  lint/circles: left out by --without",
        "skip  reasoner: left out by --without",
    ]
    assert sum(result.looked_at > 0 for result in results) > 50


def test_a_check_that_is_not_there_cannot_be_left_out(knowledge: Knowledge) -> None:
    """A misspelt name is an error before anything is done, for the check would be done all the same."""
    with pytest.raises(UnknownCheckError, match=r"there is no check 'lint/circle'; did you mean 'lint/circles'\?"):
        next(checks(knowledge, None, ["lint/circle"]))


@pytest.mark.java
def test_the_reasoner_finds_the_ontology_sound(knowledge: Knowledge) -> None:
    """Consistent, every class possible, OWL 2 DL; and still consistent with the mappings taken at their word."""
    if java() is None:
        pytest.skip("there is no Java here")
    found = [result for result in checks(knowledge) if result.name.startswith("reasoner")]
    kinds = ["consistency", "satisfiable classes", "OWL 2 DL", "mapped classes"]
    assert [result.name.split(": ")[-1] for result in found] == kinds
    assert [result.line() for result in found if result.failed or result.skipped] == []


def test_a_reasoner_that_fails_is_a_failed_check(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is no pass."""

    def failing(*_: object, **__: object) -> None:
        raise ReasonerError("HermiT gave no answer within 1 seconds and was ended.")

    monkeypatch.setattr(check, "examine", failing)
    assert results_of(knowledge)["reasoner"].failed


def test_every_place_in_the_source_is_proved(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The article is the one that was read, and each of its 9 sections and 82 claims stands where it stood."""
    need_article()
    without_reasoner(monkeypatch)
    result = results_of(knowledge, ARTICLE)["source positions"]
    assert result.line() == "ok    source positions: 91 places looked at"


def test_another_text_is_not_the_source(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file with another checksum proves nothing."""
    without_reasoner(monkeypatch)
    other = tmp_path / "other.txt"
    other.write_text("Something else.", encoding="utf-8")
    result = results_of(knowledge, other)["source positions"]
    assert result.failed
    assert "is no source" in result.line()


def test_a_source_that_cannot_be_read_is_an_error(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command could not run: that is no finding."""
    without_reasoner(monkeypatch)
    with pytest.raises(InputError, match=r"missing\.txt: the whole file: No such file"):
        results_of(knowledge, tmp_path / "missing.txt")


# A broken copy


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], dict[str, Check]]:
    """Replace something once in a file of a copy of the knowledge, and check the copy."""
    without_reasoner(monkeypatch)

    def _broken(file: str, old: str, new: str) -> dict[str, Check]:
        for part in ("ontology", "shapes", "queries"):
            shutil.copytree(ROOT / part, tmp_path / part)
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {text.count(old)} of what is to be broken"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return results_of(Knowledge(tmp_path), ARTICLE if ARTICLE.exists() else None)

    return _broken


def test_a_module_that_is_no_turtle_is_refused(tmp_path: Path) -> None:
    """A syntax error in one module costs the whole ontology, by file and line: nothing is read by half."""
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    (tmp_path / "ontology" / "regimens.ttl").write_text("<urn:a> <urn:b> .\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"regimens\.ttl: .*line 1"):
        Knowledge(tmp_path)


def test_every_file_of_the_ontology_is_a_module(knowledge: Knowledge) -> None:
    """A file that nothing imports would be looked at by nothing. Among the mappings, a file is a mapping set, save the
    hierarchies that only the reasoner reads.
    """
    mappings = ROOT / "ontology" / "mappings"
    hierarchies = mappings / "hierarchies.ttl"
    assert {module.path for module in knowledge.modules} | {hierarchies} == set((ROOT / "ontology").rglob("*.ttl"))
    assert {mapping_set.path for mapping_set in knowledge.mapping_sets} | {hierarchies} == set(mappings.iterdir())


# What is broken: a file, what is in it once, what is put in its place; and the checks that must fail, no others.
FAULTS = {
    "a label is missing": (
        "ontology/core.ttl",
        'rdfs:label "guideline"@en ;',
        "",
        {
            "annotations under shapes",
            "lint/unlabelled-terms",
            "mappings to Information Artifact Ontology",
            "mappings to SEPIO",
        },
    ),
    "a rule has no material": (
        "ontology/initial-treatment/rules/poor-prognosis.ttl",
        "lepto:basedOnClaim lepto:C41 ;",
        "",
        {"rules under shapes"},
    ),
    "a rule rests on prognosis": (
        "ontology/initial-treatment/rules/poor-prognosis.ttl",
        "lepto:basedOnClaim lepto:C42 ;",
        "lepto:basedOnClaim lepto:C42 , lepto:C65 ;",
        {"rules under shapes", "lint/rules-resting-on-prognosis"},
    ),
    "a criterion is used no more": (
        "ontology/initial-treatment/prognosis.ttl",
        "lepto:appliesTo lepto:CsfProteinBelow100 ;",
        "",
        {"rules under shapes", "lint/unused-classes"},
    ),
    "a drug has no route": (
        "ontology/treatments.ttl",
        "lepto:hasRoute lepto:OralRoute , lepto:IntravenousRoute ;",
        "",
        {"lint/unplaced-chemotherapy"},
    ),
    "two versions are told": (
        "ontology/lepto.ttl",
        'owl:versionInfo "0.1.0" ;',
        'owl:versionInfo "0.1.1" ;',
        {"lint/disagreeing-versions", "lint/outdated-mapping-sets"},
    ),
    "a day of issue is missing": (
        "ontology/lepto.ttl",
        'dcterms:issued "2026-11-23"^^xsd:date ;',
        "",
        {"annotations under shapes"},
    ),
    "classes of values are disjoint no more": (
        "ontology/patient.ttl",
        "owl:disjointWith lepto:NotStartedStatus ;",
        "",
        {"lint/classes-not-told-apart"},
    ),
    "a word of the language is misspelt": (
        "ontology/patient.ttl",
        "rdfs:subClassOf lepto:CourseStatus ;\n    owl:disjointWith lepto:NotStartedStatus ;",
        "rdfs:subClassof lepto:CourseStatus ;\n    owl:disjointWith lepto:NotStartedStatus ;",
        {"lint/built-in-terms"},
    ),
    "a code is misspelt": (
        "ontology/mappings/snomed-ct.sssom.tsv",
        "SNOMEDCT:387381009",
        "SNOMEDCT:387381090",
        {"mappings to SNOMED CT"},
    ),
    "a code is no code of its terminology": (
        "ontology/mappings/rxnorm.sssom.tsv",
        "RXNORM:6719\t",
        "RXNORM:C73269\t",
        {"lint/malformed-codes"},
    ),
    "a name is given that may not be passed on": (
        "ontology/mappings/atc.sssom.tsv",
        "ATC:N06DX01\t",
        "ATC:N06DX01\tmemantine",
        {"lint/unshippable-labels"},
    ),
    "a concept is renamed in the ontology alone": (
        "ontology/mappings/hgnc.sssom.tsv",
        "\tBRAF status\t",
        "\tBRAF state\t",
        {"mappings to HGNC"},
    ),
    "a concept has two exact codes": (
        "ontology/mappings/hp.sssom.tsv",
        "skos:narrowMatch\tHP:0001334",
        "skos:exactMatch\tHP:0001334",
        {"lint/several-exact-codes"},
    ),
    "a code stands for two concepts": (
        "ontology/mappings/mondo.sssom.tsv",
        "lepto:GastricCarcinoma\tgastric carcinoma\tskos:exactMatch\tMONDO:0004950",
        "lepto:GastricCarcinoma\tgastric carcinoma\tskos:exactMatch\tMONDO:0005062",
        {"lint/shared-codes"},
    ),
    "a mapping set is of another release": (
        "ontology/mappings/hgnc.sssom.tsv",
        'mapping_set_version: "0.1.0"',
        'mapping_set_version: "0.2.0"',
        {"lint/outdated-mapping-sets"},
    ),
    "a concept is looked for nowhere": (
        "ontology/code-systems.ttl",
        "lepto:mapsTerm lepto:brafStatus , lepto:egfrStatus , lepto:her2Status ;",
        "lepto:mapsTerm lepto:brafStatus , lepto:egfrStatus ;",
        {"lint/unasked-mappings"},
    ),
    "a concept is forgotten in a mapping set": (
        "ontology/code-systems.ttl",
        "lepto:mapsTerm lepto:brafStatus , lepto:egfrStatus , lepto:her2Status ;",
        "lepto:mapsTerm lepto:brafStatus , lepto:csfProtein , lepto:egfrStatus , lepto:her2Status ;",
        {"lint/unsearched-concepts"},
    ),
    "a shape's target is misspelt": (
        "shapes/rules.ttl",
        "sh:targetClass lepto:Bar ;",
        "sh:targetClass lepto:Barr ;",
        {"rules under shapes"},
    ),
    "shapes are no Turtle": (
        "shapes/rules.ttl",
        "leptosh:Offer\n    a sh:NodeShape ;",
        "leptosh:Offer\n    a [ ;",
        {"rules under shapes"},
    ),
    "patient shapes let everything pass": (
        "shapes/patient.ttl",
        "sh:targetClass lepto:Patient ;\n    sh:closed true ;",
        "sh:closed true ;",
        {"patient shapes refuse a canary"},
    ),
    "a lint query is no SPARQL": (
        "queries/lint/unused-claims.rq",
        "WHERE {",
        "WHERE",
        {"catalogue of queries", "lint/unused-claims"},
    ),
    "a lint query looks at nothing": (
        "queries/lint/unused-claims.rq",
        "looks-at: ?thing a lepto:Claim",
        "looks-at: ?thing a lepto:Claims",
        {"lint/unused-claims"},
    ),
    "a query expects nothing": (
        "queries/competency/dangling-citations.rq",
        "#+ expects:",
        "# expects:",
        {"catalogue of queries"},
    ),
}


QUICK = ("a rule rests on prognosis", "a drug has no route", "a code is misspelt")


@pytest.mark.parametrize(
    "file, old, new, failing",
    [
        pytest.param(*fault, id=name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name, fault in FAULTS.items()
    ],
)
def test_a_fault_is_found(
    broken: Callable[[str, str, str], dict[str, Check]], file: str, old: str, new: str, failing: set[str]
) -> None:
    """One thing is broken in a copy, and just the checks that are about it fail."""
    results = broken(file, old, new)
    assert {name for name, result in results.items() if result.failed} == failing


def test_a_claim_that_points_elsewhere_is_found(broken: Callable[[str, str, str], dict[str, Check]]) -> None:
    """One character more, and the checksum of the place is another."""
    need_article()
    results = broken("ontology/initial-treatment/claims/prognosis.ttl", "oa:end 3731 ;", "oa:end 3732 ;")
    assert [result.line() for result in results.values() if result.failed] == [
        "FAIL  source positions: 91 places looked at\n      lepto:C59: characters 3669 to 3732 have another SHA-256"
    ]


TOOTHLESS = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<https://w3id.org/lepto/shapes/Term> a sh:NodeShape ; sh:targetClass owl:Class , owl:Ontology .
"""


@pytest.mark.parametrize("shapes", ["", TOOTHLESS], ids=["no shapes", "shapes that demand nothing"])
def test_shapes_that_let_everything_pass_are_a_failure(
    broken: Callable[[str, str, str], dict[str, Check]], shapes: str
) -> None:
    """The canary must be refused, or nothing was held against anything."""
    text = (ROOT / "shapes" / "annotations.ttl").read_text(encoding="utf-8")
    result = broken("shapes/annotations.ttl", text, shapes)["annotations under shapes"]
    assert result.problems[0].endswith("a canary that must be refused was accepted")
    assert bool(result.looked_at) == bool(shapes)


# Every shape finds a toy


def shapes_of(name: str) -> Graph:
    """The shapes of one file."""
    return Graph().parse(ROOT / "shapes" / f"{name}.ttl")


def reported(shapes: Graph) -> set[str]:
    """The names of the shapes that a finding can name: those with a target, and what they hold; others only help."""
    targets = {
        shape for kind in (SH.targetClass, SH.targetNode, SH.targetSubjectsOf) for shape in shapes.subjects(kind)
    }
    parts = {part for shape in targets for link in (SH.property, SH.sparql) for part in shapes.objects(shape, link)}
    said = {shape for shape in targets | parts if (shape, SH.message, None) in shapes}
    return {str(shape).removeprefix(SHAPES) for shape in said}


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_shape_has_a_toy(name: str) -> None:
    """A shape that nothing is known to violate may look at nothing."""
    assert sorted(reported(shapes_of(name))) == sorted(TOYS[name])


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_shape_finds_its_toy_and_no_other_shape_does(knowledge: Knowledge, name: str) -> None:
    """One fault in a copy of a sound thing is found by the shape that is about it."""
    ontology = list(check.terms(knowledge))
    toys = [triple for shape, toy in TOYS[name].items() for triple in toy.triples(shape, ontology)]
    found: dict[str, set[str]] = defaultdict(set)
    _, report, _ = pyshacl.validate(check.graph([*ontology, *toys]), shacl_graph=shapes_of(name))
    assert isinstance(report, Graph)
    for result in report.objects(None, SH.result):
        about = (report.value(result, SH.focusNode), report.value(result, SH.value))
        toy = next((str(node) for node in about if str(node).startswith(LEPTO + "Toy")), None)
        shape = report.value(result, SH.sourceConstraint) or report.value(result, SH.sourceShape)
        if toy:
            found[toy.removeprefix(LEPTO + "Toy").split("#")[0]].add(str(shape).removeprefix(SHAPES))
    assert found == {shape: {shape, *toy.also.split()} for shape, toy in TOYS[name].items()}


def test_a_translation_breaks_no_shape(knowledge: Knowledge) -> None:
    """A second language beside the first is counted by itself."""
    text = """
    @prefix lepto: <https://w3id.org/lepto/> .
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
    @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
    lepto:Treatment rdfs:label "Behandlung"@de ; skos:definition "Was man tun kann."@de .
    """
    data = check.graph(check.terms(knowledge)) + Graph().parse(data=text, format="turtle")
    conforms, _, told = pyshacl.validate(data, shacl_graph=shapes_of("annotations"))
    assert conforms, told


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTRACTS)
def test_the_shapes_are_shapes(knowledge: Knowledge, name: str) -> None:
    """The shapes conform to the shapes of SHACL itself, which a misspelt word would break."""
    data = check.graph(check.terms(knowledge))
    conforms, _, text = pyshacl.validate(data, shacl_graph=shapes_of(name), meta_shacl=True)
    assert conforms, text


def test_no_shape_is_declared_twice() -> None:
    """Files of shapes can be loaded together."""
    seen: dict[str, str] = {}
    for name in ("patient", *CONTRACTS):
        for shape in shapes_of(name).subjects(RDF.type):
            if str(shape).startswith(SHAPES) and shape != URIRef(SHAPES + name):
                assert seen.setdefault(str(shape), name) == name, f"{shape} is in {name} and in {seen[str(shape)]}"
    assert len(seen) > 100
