"""Ask the graph: the queries that come with LEPTO, by name or by the number of their question, or any from a file.

A query from outside is read only (SPARQL Update is no query), reaches no network (SERVICE is refused, and FROM names
graphs of the store, never files), and is ended when it takes too long.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from itertools import count
from pathlib import Path

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    Variable,
    serialize,
)

from lepto.derive import derived
from lepto.errors import LeptoError, one_line
from lepto.knowledge import Knowledge
from lepto.read import Intaking, read
from lepto.validate import sorted_by_findings
from lepto.vocabulary import LEPTO, OWL, PROV, RDF, RDFS, SKOS, XSD

BY_CODE = "explain/concepts-by-code"
COVERAGE = "competency/question-coverage"
FOLDERS = ("competency", "explain", "document", "lint", "derive", "prepare", "verify", "cohort")
PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "lepto": LEPTO,
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "skos": SKOS,
    "xsd": XSD,
}

SECONDS = 300.0
MAX_BYTES = 500_000
MAX_DEPTH = 100
# The engine's parser calls itself for every bracket and every operand; its own guard is the end of the process.
STACK = 512 * 1024 * 1024

_HEADER = re.compile(r"^#\+ ([a-z-]+): *(.*?) *$", re.MULTILINE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
_SYNTAX = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_BLANK = re.compile(r"(?:^|(?<=\t))_:[^\t]+")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_GAP = r"(?:\s|#[^\n\r]*[\n\r])*"
_SERVICE = re.compile(rf"(?<![?$:])service{_GAP}(?:silent{_GAP})?(?:<[^>]*>|[?$]\w+|\S*?:\S*?){_GAP}\{{", re.IGNORECASE)
_HIDDEN = re.compile(
    r"""
      \\.
    | \"{3} (?: [^"\\] | \\. | "(?!"") )* \"{3}
    | '{3} (?: [^'\\] | \\. | '(?!'') )* '{3}
    | " (?: [^"\\\n\r] | \\. )* "
    | ' (?: [^'\\\n\r] | \\. )* '
    | < [^<>"{}|^`\x00-\x20]* >
    | \# [^\n\r]*
    """,
    re.VERBOSE | re.DOTALL,
)


class QueryError(LeptoError):
    """A query that cannot be run. `str()` is one line that names the query, the place in it where there is one, and
    what to do.
    """


@dataclass(frozen=True)
class CatalogueEntry:
    """A query that comes with LEPTO, as its header describes it; `name` is its folder and its file without ending."""

    name: str
    summary: str
    question: str
    returns: str


def catalogue(knowledge: Knowledge) -> list[CatalogueEntry]:
    """Return every query that comes with LEPTO, folder by folder, sorted by name; what a header lacks is empty."""
    entries = []
    for folder in FOLDERS:
        for path in sorted((knowledge.root / "queries" / folder).glob("*.rq")):
            name = f"{folder}/{path.stem}"
            said = header(knowledge.query_text(name))
            entries.append(CatalogueEntry(name, *(said.get(key, "") for key in ("summary", "question", "returns"))))
    return entries


@dataclass(frozen=True)
class Question:
    """A competency question: its code, such as "CQ6", and the names of the queries that answer it, or the command that
    does; where there is neither yet, `reason` says why.
    """

    code: str
    text: str
    queries: tuple[str, ...]
    command: str
    reason: str


def questions(knowledge: Knowledge) -> list[Question]:
    """Return the competency questions that the ontology lists, in order of their numbers."""
    answer = knowledge.store.query(knowledge.query_text(COVERAGE))
    assert isinstance(answer, QuerySolutions)
    found: dict[str, Question] = {}
    for row in answer:
        columns = ("code", "question", "query", "command", "reason")
        code, text, name, command, reason = (_value(row[column]) for column in columns)
        known = found.get(code, Question(code, text, (), command, reason))
        found[code] = replace(known, queries=(*known.queries, name) if name else known.queries)
    return list(found.values())


def _value(term: object) -> str:
    return term.value if isinstance(term, Literal) else ""


def header(text: str) -> dict[str, str]:
    """Return what the `#+ key: value` lines of a query say."""
    return dict(_HEADER.findall(text))


@dataclass(frozen=True)
class QueryAnswer:
    """The text of an answer, and the patients whose records have a violation and had no part in it."""

    text: str
    left_out: tuple[str, ...] = ()


def query(knowledge: Knowledge, name_or_file: str, patient_files: Sequence[Path | str], on: date) -> QueryAnswer:
    """Run a query over the ontology, and over patients with everything derived of them where files are given.

    In: a name of the catalogue (its folder may be left out where that is unambiguous), the code of a competency
    question, or the path of a SPARQL file; the files of patients; the day for which the answer is asked. Out: SPARQL
    TSV for SELECT, true or false for ASK, Turtle for CONSTRUCT and DESCRIBE; a patient whose record has a violation is
    left out and named. Raises QueryError for a query that cannot be run, and InputError for a patient file that cannot
    be used.
    """
    text, store = _text(knowledge, name_or_file), knowledge.whole
    if not patient_files:
        return QueryAnswer(_answer(store, text, name_or_file))
    sound, refused = sorted_by_findings(knowledge, read(patient_files, knowledge.facts, Intaking(knowledge, on)), on)
    with derived(knowledge, (triple for record in sound for triple in record.triples)) as patients:
        return QueryAnswer(_answer(patients, text, name_or_file), tuple(record.patient for record, _ in refused))


def query_by_code(knowledge: Knowledge, asked: str) -> QueryAnswer:
    """Find the concepts that are mapped to a code of another terminology, and by which relation.

    In: the code as FHIR writes a token (`http://snomed.info/sct|1155991005`), as a CURIE (`SNOMEDCT:1155991005`) or as
    an IRI. Out: SPARQL TSV, without a row where nothing is mapped to the code. Raises QueryError for what is none of
    the three, and for a terminology that is not declared.
    """
    terminology, code = _token(knowledge, asked)
    bound: dict[Variable, NamedNode | Literal] = {
        Variable("terminology"): NamedNode(terminology),
        Variable("code"): Literal(code),
    }
    return QueryAnswer(_answer(knowledge.whole, knowledge.query_text(BY_CODE), asked, bound))


def _token(knowledge: Knowledge, asked: str) -> tuple[str, str]:
    """The terminology of a code, and the code as records write it."""
    system, bar, local = asked.rpartition("|")
    answer = knowledge.store.query(knowledge.query_text("explain/terminologies"))
    assert isinstance(answer, QuerySolutions)
    rows = [tuple(term.value for term in row if isinstance(term, NamedNode | Literal)) for row in answer]
    for terminology, iri, text, curie in rows:
        for before in (f"{terminology}|{text}", f"{terminology}|", iri, curie):
            if before and asked.startswith(before) and asked != before:
                return terminology, text + asked.removeprefix(before)
    near = get_close_matches(system, [row[0] for row in rows], n=1) if bar and local else []
    mend = f"did you mean {near[0]}|{local}?" if near else "write SYSTEM|CODE, such as http://loinc.org|89243-0"
    raise QueryError(one_line(f"{asked}: this is no code of a terminology that is known here; {mend}"))


# Which query


def _text(knowledge: Knowledge, name_or_file: str) -> str:
    names = [entry.name for entry in catalogue(knowledge)]
    found = [name for name in names if name_or_file in (name, name.split("/", 1)[1])]
    if len(found) == 1:
        return knowledge.query_text(found[0])
    if found:
        raise QueryError(f"{name_or_file}: {' and '.join(found)} have this name; give the folder too")
    for question in questions(knowledge):
        if question.code == name_or_file.upper():
            return knowledge.query_text(_answering(question))
    return _outside(Path(name_or_file))


def _answering(question: Question) -> str:
    """The name of the one query that answers a question."""
    if question.command:
        raise QueryError(f"{question.code} takes a search, not a query: {question.command} --help shows how to ask it")
    if not question.queries:
        raise QueryError(f"{question.code} has no answer yet: {question.reason} Ask another of lepto query --list.")
    if len(question.queries) > 1:
        raise QueryError(f"{question.code} has several answers; name one: {' or '.join(question.queries)}")
    return question.queries[0]


def _outside(path: Path) -> str:
    """The text of a query file that is not ours, once it is known to do no harm."""
    if not path.is_file():
        raise QueryError(
            one_line(f"{path}: there is no such query and no such file; lepto query --list names the queries")
        )
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise QueryError(one_line(f"{path}: {error.strerror}; give a file that can be read")) from error
    except UnicodeDecodeError as error:
        raise QueryError(one_line(f"{path}: byte {error.start} is not UTF-8; save the query as UTF-8")) from error
    if len(data) > MAX_BYTES:
        raise QueryError(one_line(f"{path}: a query has {MAX_BYTES} bytes at most; split it"))
    for reading in {text, _unescaped(text)}:
        _refuse_dangerous(path, reading)
    return text


def _unescaped(text: str) -> str:
    """The text as engines read it that take code point escapes for characters everywhere."""
    return _ESCAPE.sub(lambda match: chr(min(int(match[1] or match[2], 16), sys.maxunicode)), text)


def _refuse_dangerous(path: Path, text: str) -> None:
    if service := _SERVICE.search(text):
        place = _place(text, service.start())
        raise QueryError(one_line(f"{path}: {place}: SERVICE would ask another computer; nothing here uses a network"))
    depth = 0
    for bracket in re.finditer(r"[{}()\[\]]", _HIDDEN.sub(lambda match: " " * len(match[0]), text)):
        depth = depth + 1 if bracket[0] in "{([" else max(depth - 1, 0)
        if depth > MAX_DEPTH:
            place = _place(text, bracket.start())
            raise QueryError(one_line(f"{path}: {place}: brackets nest {MAX_DEPTH} deep at most; flatten the query"))


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


# The answer


def _answer(store: Store, text: str, name: str, bound: Mapping[Variable, NamedNode | Literal] | None = None) -> str:
    try:
        return _within(SECONDS, lambda: _rendered(store.query(text, substitutions=dict(bound or {})), text))
    except SyntaxError as error:
        raise QueryError(one_line(f"{name}: {_syntax(str(error))}; mend the query (SPARQL 1.1, read only)")) from error
    except TimeoutError as error:
        raise QueryError(one_line(f"{name}: no answer within {SECONDS:g} seconds; ask for less")) from error
    except (OSError, ValueError) as error:
        raise QueryError(one_line(f"{name}: {error}; mend the query")) from error


def _syntax(message: str) -> str:
    at = _SYNTAX.search(message)
    return f"line {at[1]}, column {at[2]}: {at[3]}" if at else message


def _within(seconds: float, work: Callable[[], str]) -> str:
    """The result of `work`, done in a thread of its own with a deep stack, or TimeoutError."""
    results: list[str] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # handed over to the caller's thread
            errors.append(error)

    with _stack(STACK):
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


@contextmanager
def _stack(size: int) -> Iterator[None]:
    before = threading.stack_size(size)
    try:
        yield
    finally:
        threading.stack_size(before)


def _rendered(answer: QuerySolutions | QueryBoolean | QueryTriples, text: str) -> str:
    if isinstance(answer, QueryBoolean):
        return f"{'true' if answer else 'false'}\n"
    if isinstance(answer, QueryTriples):
        return _turtle(answer)
    return _table(answer, ordered=bool(_ORDERED.search(text)))


def _table(solutions: QuerySolutions, ordered: bool) -> str:
    """SPARQL TSV; rows that the query leaves in no order are sorted, and blank nodes are numbered as they come."""
    serialized = solutions.serialize(format=QueryResultsFormat.TSV) or b""
    head, *rows = serialized.decode().removesuffix("\n").split("\n")
    numbers, names = count(), dict[str, str]()
    rows = rows if ordered else sorted(rows, key=lambda row: (_BLANK.sub("", row), row))
    numbered = (_BLANK.sub(lambda m: names.setdefault(m[0], f"_:b{next(numbers)}"), row) for row in rows)
    return "".join(f"{line}\n" for line in (head, *numbered))


def _turtle(triples: Iterable[Triple]) -> str:
    """Turtle with the same bytes for the same graph."""
    dataset = Dataset(Quad(*triple) for triple in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    ordered = sorted((quad.triple for quad in dataset), key=str)
    return (serialize(ordered, format=RdfFormat.TURTLE, prefixes=PREFIXES) or b"").decode()
