"""Health records in FHIR of any size: resources are put on disk, and read again patient by patient.

What a patient's record needs is taken together: what says that it is about him, what that refers to, whoever has one of
his identifiers, and all that is absent. Who is meant is then told by what tells it of a whole input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Any, Final

from lepto.cohort.disk import held
from lepto.cohort.sources import Slice
from lepto.errors import one_line
from lepto.read import Intaking, Record
from lepto.read.fhir.bundles import Absence, Request, Resource
from lepto.read.fhir.charts import Charts, called, identifiers_of, key_of, may_be_patient, named_by
from lepto.read.fhir.entries import LOOKED_UP, READ, subject_of, text
from lepto.read.strict_json import Object, Value, dump, parse

TABLES: Final = (
    """CREATE TABLE resource (place INTEGER PRIMARY KEY, stands, url, bundle, request, asked, name, key,
       speaks, matters, subject, subject_url, subject_name, may_be_patient, content)""",
    "CREATE TABLE absence (stands, reason, warn, deleted, bundle, request, asked)",
    "CREATE TABLE identifier (value, called, place)",
)
"""Of a resource: where it stands; by what it is found; of a patient the key; whether it speaks of someone else; whether
that matters; and whom it is about.
"""
ASKED: Final = "UPDATE resource SET matters = speaks WHERE EXISTS (SELECT 1 FROM resource WHERE request IS NOT NULL)"
"""What is not read does not matter, but where a request came with data: those may be about another patient."""
INDEXED: Final = (
    "CREATE INDEX resource_at ON resource (url) WHERE url IS NOT NULL",
    "CREATE INDEX resource_called ON resource (name) WHERE name IS NOT NULL",
    "CREATE INDEX resource_of ON resource (key) WHERE key IS NOT NULL",
    "CREATE INDEX about ON resource (subject) WHERE subject IS NOT NULL",
    "CREATE INDEX about_at ON resource (subject_url) WHERE subject_url IS NOT NULL",
    "CREATE INDEX about_called ON resource (subject_name) WHERE subject_name IS NOT NULL",
    "CREATE INDEX identifier_of ON identifier (value)",
    "CREATE INDEX deleted ON absence (deleted)",
)
PATIENTS: Final = (
    "CREATE TABLE patient (number INTEGER PRIMARY KEY, key)",
    "INSERT INTO patient (key) SELECT key FROM resource WHERE key IS NOT NULL GROUP BY key ORDER BY min(place)",
)
NAMED_ONLY: Final = """INSERT INTO patient (key) SELECT subject FROM resource
    WHERE may_be_patient AND NOT EXISTS (SELECT 1 FROM patient)
    AND subject_url NOT IN (SELECT url FROM resource WHERE url IS NOT NULL)
    AND subject NOT IN (SELECT deleted FROM absence) GROUP BY subject ORDER BY min(place)"""
"""Patients of whom no resource is there, and who are known because others are about them."""

DOUBTED: Final = """SELECT * FROM resource WHERE key IS NOT NULL
    AND (url IN (SELECT deleted FROM absence) OR name IN (SELECT deleted FROM absence))"""
OF: Final = "SELECT * FROM resource WHERE key = ?"
ABOUT: Final = "SELECT * FROM resource WHERE subject = ?"
ABOUT_AT: Final = "SELECT * FROM resource WHERE matters AND subject_url = ?"
ABOUT_CALLED: Final = "SELECT * FROM resource WHERE matters AND subject_name = ?"
AT: Final = "SELECT * FROM resource WHERE url = ?"
CALLED: Final = "SELECT * FROM resource WHERE name = ?"
SHARING: Final = """SELECT * FROM resource WHERE place IN
    (SELECT min(place) FROM identifier WHERE value = ? GROUP BY called ORDER BY min(place) LIMIT 2)"""


def put(tables: Connection, one: Resource | Absence, line: bytes | None = None) -> None:
    """Put a resource or an absence on disk; in: the line that holds the resource and nothing else, if one does."""
    request = (None, None) if one.request is None else (one.request.place, one.request.patient)
    if isinstance(one, Absence):
        row = (one.place, one.reason, one.warn, one.deleted, one.bundle, *request)
        tables.execute("INSERT INTO absence VALUES (?, ?, ?, ?, ?, ?, ?)", _cells(row))
        return
    content = dump(one.content, in_order=True).encode(errors="surrogatepass") if line is None else line
    key = key_of(one) if one.type == "Patient" else None
    speaks = key is None and one.type not in LOOKED_UP
    matters = speaks and one.type in READ
    subject = subject_of(one.content) if speaks else None
    about = (None, None, None, False) if subject is None else (subject, *named_by(subject), may_be_patient(subject))
    row = (one.place, one.full_url, one.bundle, *request, one.name, key, speaks, matters, *about, content)
    place = tables.execute(
        "INSERT INTO resource VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _cells(row)
    ).lastrowid
    if key is not None:
        rows = [_cells((identifier, called(one), place)) for identifier in identifiers_of(one)]
        tables.executemany("INSERT INTO identifier VALUES (?, ?, ?)", rows)


def rank(tables: Connection, intaking: Intaking) -> int:
    """Number the patients once all is on disk, in the order in which they are first named; return how many there are.

    A patient who was deleted is none.
    """
    for statement in (ASKED, *INDEXED):
        tables.execute(statement)
    charts = Charts(intaking, _absences(tables), "")
    gone = [(row[0],) for row in tables.execute(DOUBTED) if charts.is_deleted(_resource(row))]
    tables.executemany("DELETE FROM resource WHERE place = ?", gone)
    tables.executemany("DELETE FROM identifier WHERE place = ?", gone)
    for statement in (*PATIENTS, NAMED_ONLY):
        tables.execute(statement)
    return many_in(tables)


def many_in(tables: Connection) -> int:
    """Return how many patients there are."""
    (many,) = tables.execute("SELECT count(*) FROM patient").fetchone()
    return int(many)


def is_nobodys(tables: Connection) -> bool:
    """Tell whether there is something, and it is about nobody."""
    some = [
        *tables.execute("SELECT 1 FROM resource WHERE speaks LIMIT 1"),
        *tables.execute("SELECT 1 FROM absence LIMIT 1"),
    ]
    return bool(some) and not many_in(tables)


def records_of(piece: Slice, intaking: Intaking) -> list[Record]:
    """Return the records of the patients of a slice, just as where the whole input is read at once."""
    with held(piece.held) as tables:
        found = _Gathered(tables)
        rows = tables.execute("SELECT key FROM patient WHERE number BETWEEN ? AND ?", (piece.start, piece.end))
        keys = {_text(key) for (key,) in rows}
        for key in keys:
            found.take_patient(key)
        resources = [found.resources[place] for place in sorted(found.resources)]
        absences = _absences(tables)
    name = one_line(str(piece.path))
    if not keys:  # Nothing is about anybody, which an absence says as well.
        return Charts(intaking, [Absence(name, "")], name).records()
    return Charts(intaking, [*resources, *absences], name).records(keys)


class _Gathered:
    """What bears on some patients, by its place in the input."""

    def __init__(self, tables: Connection) -> None:
        self.tables = tables
        self.resources: dict[int, Resource] = {}
        self.sought: set[str] = set()

    def take_patient(self, key: str) -> None:
        """Take together what is about a patient, what that refers to, and whoever has one of his identifiers."""
        patients = self._take(OF, key)
        own = [*(patients or self._take(ABOUT, key))]
        for patient in patients:
            own += self._take(ABOUT_AT, patient.full_url) if patient.full_url else []
            own += self._take(ABOUT_CALLED, patient.name) if patient.name else []
            for identifier in identifiers_of(patient):
                self._take(SHARING, identifier)
        for one in own:
            self._follow(_references(one.content))

    def _follow(self, references: Iterable[str]) -> None:
        """Take what references lead to, all that is called the same, whom it is about, and what it was taken from."""
        ahead = [*references]
        while ahead:
            reference = ahead.pop()
            if reference in self.sought or reference.startswith("#"):
                continue
            self.sought.add(reference)
            bare, name = named_by(reference)
            for one in (*self._take(AT, bare), *self._take(CALLED, name)):
                ahead += [one.name] if one.name else []
                ahead += [found for key in ("subject", "patient", "parent") for found in _under(one.content, key)]

    def _take(self, statement: str, value: str) -> list[Resource]:
        """Take what a statement finds, and return it."""
        rows = [*self.tables.execute(statement, _cells((value,)))]
        self.resources |= {row[0]: _resource(row) for row in rows if row[0] not in self.resources}
        return [self.resources[row[0]] for row in rows]


def _references(value: Value) -> Iterator[str]:
    """All references within a value."""
    if isinstance(value, Object):
        for key, part in value.pairs:
            if key == "reference" and (reference := text(part)):
                yield reference
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _under(content: Object, key: str) -> Iterator[str]:
    return (found for name, part in content.pairs if name == key for found in _references(part))


def _absences(tables: Connection) -> list[Absence]:
    return [
        Absence(_text(stands), _text(reason), bool(warn), _text(deleted), _text(bundle), _request(*request))
        for stands, reason, warn, deleted, bundle, *request in tables.execute("SELECT * FROM absence ORDER BY rowid")
    ]


def _resource(row: tuple[Any, ...]) -> Resource:
    stands, url, bundle, request, asked = row[1:6]
    value = parse(_text(row[-1]))
    assert isinstance(value, Object)
    return Resource(value, _text(stands), None if url is None else _text(url), _text(bundle), _request(request, asked))


def _request(place: bytes | None, asked: bytes | None) -> Request | None:
    return None if place is None or asked is None else Request(_text(place), _text(asked))


def _cells(values: Iterable[object]) -> list[object]:
    """Values as they are held: texts as bytes, since one of JSON may hold half a character."""
    return [one.encode(errors="surrogatepass") if isinstance(one, str) else one for one in values]


def _text(held: bytes) -> str:
    return held.decode(errors="surrogatepass")
