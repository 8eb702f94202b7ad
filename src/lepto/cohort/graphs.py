"""Turtle and N-Triples of any size: what is said of each node is put on disk, and read again patient by patient.

A patient's statements may stand anywhere in a file, and those of his courses too, so that no piece of it is sure to be
whole. Patients keep the numbers that they have where the file is read at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse

from lepto.cohort.disk import held, made
from lepto.cohort.sources import Slice, opened
from lepto.errors import one_line
from lepto.facts import Fact
from lepto.read import Record
from lepto.read.rdf import File, Node, courses_of, is_patient, properties, record_of, said_of, stranger
from lepto.read.rdf_text import turtle_stream

TABLES: Final = (
    "CREATE TABLE run (place INTEGER PRIMARY KEY, node TEXT, is_patient INTEGER, statements TEXT)",
    "CREATE TABLE link (node TEXT, course TEXT)",
)
"""Statements of one node that follow each other in the file; and which node leads to which as its course."""
RANKED: Final = (
    "CREATE INDEX run_of ON run (node)",
    "CREATE TABLE patient (number INTEGER PRIMARY KEY, node TEXT)",
    "INSERT INTO patient (node) SELECT node FROM run GROUP BY node HAVING max(is_patient) ORDER BY min(place)",
    "CREATE INDEX patient_of ON patient (node)",
    "CREATE TABLE owner (course TEXT, number INTEGER)",
    "INSERT INTO owner SELECT DISTINCT course, number FROM link JOIN patient USING (node)",
    "CREATE INDEX owner_of ON owner (course, number)",
    "DROP TABLE link",
)
STRANGE: Final = """SELECT statements FROM run WHERE NOT EXISTS (SELECT 1 FROM patient WHERE patient.node = run.node)
    AND NOT EXISTS (SELECT 1 FROM owner WHERE course = run.node) ORDER BY place LIMIT 1"""
PATIENTS: Final = """SELECT number, node, statements FROM patient JOIN run USING (node)
    WHERE number BETWEEN ? AND ? ORDER BY number, place"""
STATED: Final = "SELECT statements FROM run WHERE node = ? ORDER BY place"
OWNERS: Final = "SELECT number, node FROM owner JOIN patient USING (number) WHERE course = ? ORDER BY number LIMIT 2"
NUMBER: Final = "SELECT number FROM patient WHERE node = ?"


def put(path: Path, facts: Mapping[str, Fact], out: Path) -> None:
    """Put the statements of a file of Turtle on disk.

    Raises InputError for a file that cannot be used at all, as where it is read at once, and OutputError.
    """
    name, known = one_line(str(path)), properties(facts)
    with made(out) as tables, opened(path) as stream:
        for statement in TABLES:
            tables.execute(statement)
        for node, some in groupby(turtle_stream(stream, name), attrgetter("subject")):
            triples = [*some]
            stated = [(one.predicate, one.object) for one in triples]
            text = "".join(f"{one} .\n" for one in triples)
            row = (str(node), is_patient(node, stated), text)
            tables.execute("INSERT INTO run (node, is_patient, statements) VALUES (?, ?, ?)", row)
            links = [(str(node), str(course)) for _, course in courses_of(stated, known)]
            tables.executemany("INSERT INTO link VALUES (?, ?)", links)
        for statement in RANKED:
            tables.execute(statement)
        for (text,) in tables.execute(STRANGE):
            first = next(_triples(text))
            raise stranger(name, first.subject, first.predicate)


def many_in(path: Path) -> int:
    """Return how many patients were put on disk."""
    with held(path) as tables:
        (many,) = tables.execute("SELECT count(*) FROM patient").fetchone()
        return int(many)


def records_of(piece: Slice, facts: Mapping[str, Fact]) -> list[Record]:
    """Return the records of the patients of a slice, just as where the whole file is read at once."""
    known = properties(facts)
    with held(piece.held) as tables:
        stated = [*tables.execute(PATIENTS, (piece.start, piece.end))]
        asked = {_node(node): number for number, node, _ in stated}
        said = said_of(_triples("".join(text for *_, text in stated)))
        courses = {course for patient in asked for _, course in courses_of(said[patient], known)}
        texts = (text for course in courses for (text,) in tables.execute(STATED, (str(course),)))
        said |= said_of(_triples("".join(texts)))
        owners = {course: [*tables.execute(OWNERS, (str(course),))] for course in courses}
        others = [one for some in owners.values() for one in some]
        others += [(number, str(one)) for one in courses for (number,) in tables.execute(NUMBER, (str(one),))]
    numbers = asked | {_node(node): number for number, node in others}
    led = {course: [_node(node) for _, node in some] for course, some in owners.items()}
    file = File(one_line(str(piece.path)), known, said, numbers, led)
    return [record_of(patient, file) for patient in asked]


def _triples(text: str) -> Iterator[Triple]:
    return (quad.triple for quad in parse(text.encode(), format=RdfFormat.N_TRIPLES))


def _node(text: str) -> Node:
    return BlankNode(text.removeprefix("_:")) if text.startswith("_:") else NamedNode(text[1:-1])
