"""The portable query says on every engine what the derivation says; `docs/endpoints.md` is followed to the letter."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.read import Record, read_bytes
from lepto.reason import java
from lepto.validate import Validator
from lepto.vocabulary import IDENTIFIER, LEPTO, PATIENT, RDF_TYPE, XSD, local_name
from tests.accept_cases import folders, records_of, sound_ones
from tests.debian import environment, unpacked
from tests.patients import STANDINGS, established_patients, patients, record_of
from tests.test_docs import Addition, Section, append, sections

PAGE = "docs/endpoints.md"
START, *ENGINES = sections(PAGE)
INSTALL = "apt-get install --no-install-recommends "
RANDOM = 200
SILENT = "urn:lepto:patient:silent"


def typed(datatype: str, *texts: str) -> list[str]:
    """Literals of an XML Schema datatype, as N-Triples write them."""
    return [f'"{text}"^^<{XSD}{datatype}>' for text in texts]


# What is no value of the fact's datatype.
NO_INTEGER = [
    *('"40%"', '"unknown"', '"80"', '"80"@en', "<urn:example:80>", "_:eighty"),
    *typed("integer", "40%", "unknown", "", "80.0", "80 "),
    *(*typed("decimal", "80", "80.0"), *typed("double", "8e1", "INF"), *typed("string", "80")),
    *(*typed("boolean", "true"), *typed("date", "2026-01-01")),
]
NO_DECIMAL = ['"40%"', '"9"@en', *typed("decimal", "unknown", "40%", "NaN", "8e1"), *typed("float", "9")]
NO_BOOLEAN = ['"true"', '"true"@en', *typed("boolean", "yes", "TRUE"), *typed("integer", "1")]
HOSTILE = {
    f"urn:lepto:patient:hostile-{fact}-{number}": f"<{LEPTO}{fact}> {value}"
    for fact, values in (
        *((fact, NO_INTEGER) for fact in ("ageYears", "karnofskyPerformanceStatus")),
        *((fact, NO_DECIMAL) for fact in ("csfProtein", "lifeExpectancyMonths")),
        ("wholeBrainBenefitOutweighsHarm", NO_BOOLEAN),
    )
    for number, value in enumerate(values)
}
# What a value of the fact's datatype may look like besides, and courses without a name or a type.
UNUSUAL = {
    f"urn:lepto:patient:unusual-{number}": statement
    for number, statement in enumerate(
        [
            *(f"<{LEPTO}karnofskyPerformanceStatus> {value}" for value in typed("integer", "+80", "080", "+60")),
            *(f"<{LEPTO}csfProtein> {value}" for value in typed("integer", "99", "0100")),
            *(f"<{LEPTO}csfProtein> {value}" for value in typed("decimal", "+99.90", "100.", ".5")),
            *(f"<{LEPTO}wholeBrainBenefitOutweighsHarm> {value}" for value in typed("boolean", "1", "0")),
            *(
                f"<{LEPTO}treatmentCourse> _:course{status} . _:course{status} <{LEPTO}treatment>"
                f" <{LEPTO}CraniospinalIrradiation> . _:course{status} <{LEPTO}courseStatus> <{LEPTO}{status}>"
                for status in ("Given", "Ongoing")
            ),
        ]
    )
}
# What engines read, and each in its own way.
READ_APART = {
    f"urn:lepto:patient:apart-{number}": f"<{LEPTO}{fact}> {value}"
    for fact, values in (
        ("karnofskyPerformanceStatus", (*typed("int", "80"), *typed("integer", "99999999999999999999"))),
        ("csfProtein", (*typed("decimal", "0.9999999999999999999999"), *typed("double", "NaN"))),
    )
    for number, value in enumerate(values)
}
# What a server does not take, and what it makes a number of before any query can see it.
REFUSED = {
    "Virtuoso": [
        "_:",
        *(*typed("integer", "40%", "unknown"), *typed("decimal", "40%", "unknown"), *typed("boolean", "yes", "TRUE")),
    ]
}
MISREAD = {
    "Virtuoso": [*typed("integer", "", "80.0", "80 "), *(f"csfProtein> {value}" for value in typed("decimal", "8e1"))]
}

Table = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def validator(knowledge: Knowledge) -> Validator:
    """The shapes: a record that they refuse is in no endpoint."""
    return Validator(knowledge)


@pytest.fixture(scope="module")
def cohort(knowledge: Knowledge, validator: Validator) -> list[Record]:
    """All accepted patients of all cases, and some drawn at random."""
    drawn: list[Record] = []

    @seed(20261122)
    @settings(max_examples=RANDOM, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.one_of(patients(knowledge), established_patients(knowledge)))
    def draw(facts: dict[str, object]) -> None:
        record = record_of(knowledge, {**facts, "id": f"random-{len(drawn)}"})
        assume(sound_ones(validator, [record]))
        drawn.append(record)

    draw()
    assert len(drawn) == RANDOM
    found = sound_ones(validator, [record for folder in folders() for record in records_of(knowledge, folder)])
    assert len(found) > 0.8 * len(folders())
    return [*found, *drawn]


def lines_of(patient: str, statement: str) -> bytes:
    """A patient of whom one thing is stated, as N-Triples."""
    named = f'<{patient}> <{RDF_TYPE}> <{PATIENT}> . <{patient}> <{IDENTIFIER}> "{local_name(patient)}"'
    return f"{named} . <{patient}> {statement} .".replace(" . ", " .\n").encode() + b"\n"


def refused_by(engine: str, statement: str) -> bool:
    """Say whether an engine does not even load a statement."""
    return any(part in statement for part in REFUSED.get(engine, ()))


def derivation(knowledge: Knowledge, triples: list[Triple]) -> Table:
    """The standing of every criterion and every rule for every patient, as LEPTO derives it."""
    columns = {*knowledge.compiled.criteria, *knowledge.values.members[LEPTO + "Rule"]}
    found: Table = {}
    with derived(knowledge, triples) as store:
        for predicate, standing in STANDINGS.items():
            for quad in store.quads_for_pattern(None, NamedNode(LEPTO + predicate), None, None):
                assert isinstance(quad.subject, NamedNode)
                assert isinstance(quad.object, NamedNode)
                if quad.object.value in columns:
                    found.setdefault(quad.subject.value, {})[local_name(quad.object.value)] = standing
    assert {len(row) for row in found.values()} == {len(columns)}
    return found


# Following the page


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return str(found.getsockname()[1])


@contextmanager
def followed(engine: Section, place: Path, cache: Path) -> Iterator[dict[str, str]]:
    """Do in a folder what a section of the page says; lend the environment while what it starts is running.

    Packages are unpacked, not installed, and ports are private; all else is as written.
    """
    lent = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    moved = {"1111": free_port(), "8890": free_port()}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for step in engine.steps:
            text = step.text
            for written, private in moved.items():
                text = text.replace(written, private)
            if isinstance(step, Addition):
                append(place / step.path, text)
            elif text.startswith(INSTALL):
                root = unpacked(text.removeprefix(INSTALL).split(), cache)
                lent = environment(root, lent)
                moved["/usr/share/java"] = f"{root}/usr/share/java"
            elif text.endswith(" &"):
                ends_with_us = ["setpriv", "--pdeathsig", "KILL", *text.removesuffix(" &").split()]
                started.append(subprocess.Popen(ends_with_us, cwd=place, env=lent, start_new_session=True))
            else:
                subprocess.run(["bash", "-c", text], cwd=place, env=lent, check=True, timeout=300)
        yield lent
    finally:
        for server in started:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(place: Path) -> Table:
    """What an engine answered, by patient: one row each."""
    with (place / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row.pop("patient"): row for row in rows}
    assert len(found) == len(rows)
    return found


def case(engine: Section) -> object:
    """A section of the page as a case of a test."""
    needs_java = (pytest.mark.java, pytest.mark.skipif(java() is None, reason="Jena needs Java, and none is found"))
    return pytest.param(engine, id=engine.heading, marks=needs_java if "Jena" in engine.heading else ())


@pytest.mark.slow
@pytest.mark.parametrize("engine", [case(engine) for engine in ENGINES])
def test_every_cell_is_what_the_derivation_says(
    engine: Section, knowledge: Knowledge, cohort: list[Record], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Over all accepted patients of all cases, and random ones; and what is no value of its fact says nothing."""
    name = engine.heading
    written = {record.iri: serialize(record.triples, format=RdfFormat.N_TRIPLES) or b"" for record in cohort}
    stated = {**UNUSUAL, **HOSTILE, SILENT: f"<{RDF_TYPE}> <{PATIENT}>"}
    refused = [patient for patient, statement in stated.items() if refused_by(name, statement)]
    written |= {patient: lines_of(patient, stated[patient]) for patient in stated if patient not in refused}
    patients = tmp_path / "patients.nt"
    patients.write_bytes(b"".join(written.values()))
    (tmp_path / "guideline.rq").write_text(knowledge.compiled.portable)

    start = time.perf_counter()
    with followed(engine, tmp_path, request.config.cache.mkdir("debian")) as lent:
        seconds = time.perf_counter() - start
        for patient in (*refused, SILENT) if refused else ():
            patients.write_bytes(lines_of(patient, stated[patient]))
            load = subprocess.run(["sh", "load.sh"], cwd=tmp_path, env=lent, capture_output=True, check=False)
            assert (load.returncode == 0) is (patient == SILENT), stated[patient]
    found = answers(tmp_path)
    assert found.keys() == written.keys()

    unusual = [written[patient] for patient in UNUSUAL if patient in found]
    accepted = [record for lines in unusual for record in read_bytes(lines, "patients.nt", knowledge.facts)]
    expected = derivation(knowledge, [triple for record in (*cohort, *accepted) for triple in record.triples])
    assert len(expected) == len(cohort) + len(accepted)
    wrong = [
        f"{patient} {column}: {found[patient][column]}, not {standing}"
        for patient, row in expected.items()
        for column, standing in row.items()
        if found[patient][column] != standing
    ]
    cells = sum(map(len, expected.values()))
    print(f"\n{name}: {cells - len(wrong)} of {cells} cells of {len(expected)} patients agree, {seconds:.1f} s")
    assert wrong == []

    criteria = [local_name(iri) for iri in knowledge.compiled.criteria]
    hostile = HOSTILE.keys() & found.keys()
    told = {patient for patient in hostile if any(found[patient][c] != found[SILENT][c] for c in criteria)}
    quiet = len(hostile) - len(told)
    print(f"{name}: {quiet} of {len(hostile)} ill-typed values say nothing, {len(refused)} statements are not loaded")
    assert told == {p for p in hostile if any(value in HOSTILE[p] for value in MISREAD.get(name, ()))}


def test_lepto_validate_refuses_what_is_no_value_of_its_fact(knowledge: Knowledge, validator: Validator) -> None:
    """The first command of the page keeps out of every endpoint what a server would misread, and lets in the rest."""
    assert START.commands[0] == "lepto validate patients.nt"
    for statements, sound in ((HOSTILE, False), (READ_APART, False), (UNUSUAL, True)):
        for patient, statement in statements.items():
            records = read_bytes(lines_of(patient, statement), "patients.nt", knowledge.facts)
            assert [record.iri for record in records] == [patient]
            assert bool(sound_ones(validator, records)) is sound, statement


def test_the_page_prints_the_query_that_is_followed(knowledge: Knowledge, tmp_path: Path) -> None:
    """Every engine reads what the second command writes."""
    lent = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", START.commands[1]], cwd=tmp_path, check=True, env=lent)
    assert (tmp_path / "guideline.rq").read_text() == knowledge.compiled.portable
    assert [engine.heading for engine in ENGINES] == ["pyoxigraph", "rdflib", "Apache Jena", "Virtuoso"]
    assert all("guideline.rq" in "".join(step.text for step in engine.steps) for engine in ENGINES)
