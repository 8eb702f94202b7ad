"""Patients who stay in a SPARQL endpoint: it derives the standings by the portable query, slice by slice.

Who they are is asked first, in the order of their IRIs. Of each slice the facts are fetched too: the shapes read them,
and what the server derives from them is held against what is derived from them here. Their hash is noted: by it a run
that is gone on with sees whether the server still states the same of a slice that was finished before.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from functools import cached_property
from http.client import HTTPException
from io import StringIO
from itertools import islice
from pathlib import Path
from time import sleep
from typing import Any, Final, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import (
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    OpenerDirector,
    Request,
    build_opener,
)

import numpy as np
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from lepto.cohort.answering import Answering
from lepto.cohort.aside import part_of_records
from lepto.cohort.outputs import write
from lepto.cohort.part import UNTOLD, WORDS, Part, Told
from lepto.cohort.sources import Kind, Slice
from lepto.compile.portable import HERE
from lepto.errors import InputError, one_line
from lepto.read.limits import FILE_BYTES
from lepto.read.rdf import read_graph
from lepto.vocabulary import LEPTO, PATIENT

USER, PASSWORD, TOKEN = "LEPTO_ENDPOINT_USER", "LEPTO_ENDPOINT_PASSWORD", "LEPTO_ENDPOINT_TOKEN"
LISTED: Final = 10_000
"""So many IRIs of patients are listed in one query; Virtuoso sorts no more."""
SECONDS: Final = 600
"""So long a server may be silent."""
WAITS: Final = (1, 2, 4, 8, 16)
"""Seconds before a server that is busy is asked again, where it does not say how long; afterwards it is given up."""
LONGEST: Final = 60
BUSY: Final = frozenset({429, 502, 503, 504})
_CODES: Final = {word: np.int8(code) for code, word in WORDS.items()}
_LATER: Final = "--resume goes on from what is finished"


@dataclass(frozen=True)
class Endpoint:
    """A server that answers SPARQL queries at an address.

    User and password (basic or digest, as the server wants it) or a token are taken from the environment: they are in
    no file, no message and no command line.
    """

    url: str

    def __post_init__(self) -> None:
        if not re.match(r"https?://[^/?#@]", self.url):
            mend = "name one that begins with http:// or https://"
            raise InputError("--endpoint", "the address", "this is none of an endpoint", mend)
        if "@" in re.split("[/?#]", self.url)[2]:
            mend = f"leave them out, and set {USER} and {PASSWORD}"
            raise InputError("--endpoint", "the address", "it holds a user or a password", mend)
        if (USER in os.environ) != (PASSWORD in os.environ) or (USER in os.environ and TOKEN in os.environ):
            self.refuse("it is not clear who asks", f"set {USER} and {PASSWORD}, or {TOKEN} alone, or none of them")

    def ask(self, query: str, wanted: str) -> str:
        """Return what the server answers to a query, in the media type that is wanted. Raises InputError."""
        headers = {"Accept": wanted, "Content-Type": "application/x-www-form-urlencoded", "User-Agent": "lepto"}
        if TOKEN in os.environ:
            headers["Authorization"] = f"Bearer {os.environ[TOKEN]}"
        body = urlencode({"query": query}).encode()
        for wait in (*WAITS, None):
            try:
                request = Request(self.url, body, headers)  # noqa: S310 (see __post_init__)
                with self._opener.open(request, timeout=SECONDS) as answer:
                    data: bytes = answer.read(FILE_BYTES + 1)
                if len(data) > FILE_BYTES:
                    self.refuse(f"its answer holds more than {FILE_BYTES} bytes", "is this an endpoint?")
                return data.decode()
            except HTTPError as error:
                if error.code not in BUSY or wait is None:
                    self._refuse_status(error)
                sleep(_wait(error, wait))
            except ConnectionResetError:
                if wait is None:
                    self.refuse("it breaks off the connection", _LATER)
                sleep(wait)
            except UnicodeDecodeError:
                self.refuse("its answer is not UTF-8", "is this an endpoint?")
            except (URLError, HTTPException, OSError, ValueError, NotImplementedError) as error:
                self.refuse(f"it cannot be asked ({getattr(error, 'reason', None) or error})", f"mend that; {_LATER}")
        raise AssertionError

    @cached_property
    def _opener(self) -> OpenerDirector:
        known = HTTPPasswordMgrWithDefaultRealm()
        if USER in os.environ:
            known.add_password(None, self.url, os.environ[USER], os.environ[PASSWORD])
        return build_opener(_NoRedirect, _Once(known))

    def _refuse_status(self, error: HTTPError) -> NoReturn:
        """Tell what a server says of a fault of its own or of the query: the status, and the first line."""
        said = error.read(1000).decode(errors="replace").strip().partition("\n")[0]
        told = f"{error.code} {error.reason}" + (f": {said[:200]}" if said and not said.startswith("<") else "")
        mends = {401: f"set {USER} and {PASSWORD}, or {TOKEN}", 403: "ask whoever keeps it for the right to read"}
        if 300 <= error.code < 400:
            mends[error.code] = f"name the address to which it leads ({error.headers.get('Location')})"
        self.refuse(f"it answers {told}", mends.get(error.code, f"ask whoever keeps it; {_LATER}"))

    def refuse(self, fault: str, mend: str) -> NoReturn:
        raise InputError(one_line(self.url), "the endpoint", fault, mend)

    # Who is there

    def count(self) -> int:
        """Return how many patients there are. Raises InputError where one of them has no IRI by which to ask."""
        whole, named = self._count(""), self._count("FILTER(isIRI(?patient))")
        if whole != named:
            self.refuse(f"{whole - named} of {whole} patients have no IRI", "give each patient an IRI")
        return whole

    def patients(self, many: int) -> Iterator[str]:
        """Yield the IRIs of so many patients, in the order that the server gives them."""
        after, found = "", 0
        while page := self._column(
            f"SELECT DISTINCT ?patient {{ ?patient a <{PATIENT}> FILTER(STR(?patient) > {Literal(after)}) }}"
            f" ORDER BY STR(?patient) LIMIT {LISTED}",
            "patient",
        ):
            found += len(page)
            if found > many:
                break
            yield from page
            after = page[-1]
        if found != many:
            fault = f"it counts {many} patients and lists {found if found < many else 'more'}"
            self.refuse(fault, "ask when nobody writes to it; or put its patients into a file")

    def _count(self, restriction: str) -> int:
        query = f"SELECT (COUNT(DISTINCT ?patient) AS ?many) {{ ?patient a <{PATIENT}> {restriction} }}"
        try:
            (many,) = self._column(query, "many")
            return int(many)
        except ValueError:
            self.refuse("it does not count its patients", "is this an endpoint?")

    def _column(self, query: str, name: str) -> list[str]:
        answer = self.ask(query, "application/sparql-results+json")
        try:
            bindings = json.loads(answer)["results"]["bindings"]
            return [str(row[name]["value"]) for row in bindings]
        except (ValueError, KeyError, TypeError):
            self.refuse("its answer is no table of SPARQL results in JSON", "is this an endpoint?")

    # What is said of some

    def facts(self, patients: Sequence[str], courses: str) -> list[Triple]:
        """Return what is stated of some patients and of their courses, and who else has a course of theirs."""
        # Virtuoso takes VALUES after the pattern in no CONSTRUCT.
        query = f"""
            CONSTRUCT {{ ?subject ?property ?value . ?other a <{PATIENT}> ; <{courses}> ?course }} WHERE {{
              {_values(patients)}
              {{ ?patient ?property ?value BIND(?patient AS ?subject) }}
              UNION {{ ?patient <{courses}> ?subject . ?subject ?property ?value }}
              UNION {{ ?patient <{courses}> ?course . ?other <{courses}> ?course ; a <{PATIENT}> }}
            }}"""
        text = self.ask(query, "application/n-triples")
        try:
            return [quad.triple for quad in parse(text.encode(), format=RdfFormat.N_TRIPLES)]
        except SyntaxError:
            self.refuse("its answer is no graph in N-Triples", "is this an endpoint?")

    def standings(self, portable: str, patients: Sequence[str]) -> Told:
        """Return what the portable query derives there of some patients.

        A patient of whom it says nothing, or two things, has no standings: nothing sound is without one.
        """
        answer = self.ask(portable.replace(HERE, _values(patients)), "text/csv")
        try:
            names, *lines = filter(None, csv.reader(StringIO(answer)))
            column = names.index("patient")
            if {*map(len, lines)} - {len(names)}:
                raise ValueError
        except (ValueError, csv.Error):
            self.refuse("its answer is no table of SPARQL results in CSV", "is this an endpoint?")
        rows: dict[str, list[str]] = {}
        for line in lines:
            if rows.setdefault(line[column], line) != line:
                rows[line[column]] = []
        codes = [[_CODES.get(word, UNTOLD) for word in rows.get(one) or [""] * len(names)] for one in patients]
        return Told(one_line(self.url), dict(zip(names, np.array(codes).T, strict=True)))


class _Once(HTTPDigestAuthHandler):
    """Says user and password in the way that the server wants them, and once: said again and again they might be locked
    out.
    """

    def http_error_401(self, req: Request, fp: Any, code: int, msg: str, headers: Message) -> Any:
        ways = {way.partition(" ")[0].lower(): way for way in headers.get_all("WWW-Authenticate", ())}
        if req.has_header("Authorization") or USER not in os.environ:
            return None
        if "digest" in ways:
            return self.retry_http_digest_auth(req, ways["digest"])
        if "basic" not in ways:
            return None
        said = b64encode(f"{os.environ[USER]}:{os.environ[PASSWORD]}".encode()).decode()
        req.add_unredirected_header("Authorization", f"Basic {said}")
        return self.parent.open(req, timeout=req.timeout)


class _NoRedirect(HTTPRedirectHandler):
    """An address that leads elsewhere is told, not followed: password and query are for the one that was named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _wait(error: HTTPError, seconds: float) -> float:
    told = error.headers.get("Retry-After", "")
    return min(int(told), LONGEST) if told.isascii() and told.isdigit() else seconds


def _values(patients: Sequence[str]) -> str:
    return f"VALUES ?patient {{ {' '.join(f'<{patient}>' for patient in patients)} }}"


# As a source of a cohort


def listed(endpoint: Endpoint, folder: Path, many: int, at_once: int) -> Iterator[Slice]:
    """Yield the slices of an endpoint that has so many patients, so many at once: each is a file in a folder that says
    who is in it. It stays as it was when a run is gone on with, if they are the same.
    """
    first = 1
    for number, some in enumerate(_checked(endpoint, many, at_once)):
        path = folder / f"patients-{number:05}.json"
        note = str(facts_of(path).resolve())
        data = json.dumps({"endpoint": endpoint.url, "patients": some, "note": note}).encode()
        if not path.exists() or path.read_bytes() != data:
            write(path, data)
        yield Slice(Kind.ENDPOINT, path, 0, len(data), first, len(some))
        first += len(some)


def facts_of(listed: Path) -> Path:
    """Return where the hash is noted of what an endpoint stated of the patients in such a file."""
    return listed.with_suffix(".sha256")


def _checked(endpoint: Endpoint, many: int, at_once: int) -> Iterator[list[str]]:
    patients = endpoint.patients(many)
    while some := list(islice(patients, at_once)):
        for patient in some:
            try:
                NamedNode(patient)
            except ValueError:
                endpoint.refuse(f"{patient} is no IRI", "mend the name of the patient")
        yield some


def part_of_endpoint(answering: Answering, data: bytes) -> Part:
    """Return the patients of such a slice, with what the server derives of them. Raises InputError."""
    asked: Mapping[str, Any] = json.loads(data)
    endpoint, patients = Endpoint(asked["endpoint"]), asked["patients"]
    place = {patient: number for number, patient in enumerate(patients)}
    name = one_line(endpoint.url)
    triples = endpoint.facts(patients, LEPTO + answering.coding.courses)
    write(Path(asked["note"]), _hash(triples).encode())
    # The records come in the order in which patients are spoken of.
    triples.sort(key=lambda triple: place.get(getattr(triple.subject, "value", ""), len(place)))
    records = read_graph(triples, name, answering.knowledge.facts, by_iri=True)[: len(patients)]
    if [record.origin for record in records] != [f"{name} {patient}" for patient in patients]:
        endpoint.refuse("a patient is gone from it", "ask when nobody writes to it")
    told = endpoint.standings(answering.knowledge.compiled.portable, patients)
    return replace(part_of_records(answering, records), told=told)


def unchanged(answering: Answering, data: bytes) -> bool:
    """Return whether the endpoint of such a slice states what it stated when the slice was answered."""
    asked: Mapping[str, Any] = json.loads(data)
    triples = Endpoint(asked["endpoint"]).facts(asked["patients"], LEPTO + answering.coding.courses)
    return Path(asked["note"]).read_text() == _hash(triples)


def _hash(triples: Sequence[Triple]) -> str:
    """A hash of what triples say, whatever their order and the names of blank nodes."""
    graph = Dataset(Quad(*triple) for triple in triples)
    graph.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("\n".join(sorted(map(str, graph))).encode()).hexdigest()
