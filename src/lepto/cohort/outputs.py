"""What a cohort's answers are written to: tables as files that are whole or are not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, serialize

from lepto.errors import LeptoError, one_line
from lepto.read.record import patient_iri
from lepto.render.as_turtle import OUTCOME, STRENGTH, link, text
from lepto.vocabulary import IDENTIFIER, LEPTO, PROV, RDF_TYPE, XSD_DATE


class OutputError(LeptoError):
    """An output that cannot be written; what was finished before is kept."""

    status = 3

    def __init__(self, path: str, fault: str, mend: str) -> None:
        super().__init__(path, fault, mend)

    def __str__(self) -> str:
        return one_line("{}: {}; {}".format(*self.args))


class Format(Enum):
    """The formats of the answers, by the endings of their files."""

    PARQUET = "parquet"
    NDJSON = "ndjson"
    CSV = "csv"
    QUADS = "nq"


def encoded(table: str, frame: pl.DataFrame, form: Format, on: str) -> bytes:
    """Return a table of answers as a file would hold it; the same table gives the same bytes.

    In: which table it is (verdicts, findings or patients), and the day of the question.
    """
    if form is Format.QUADS:
        quads = _QUADS[table](frame, on)
        return serialize(quads, format=RdfFormat.N_QUADS) or b""
    stream = BytesIO()
    if form is Format.PARQUET:
        frame.write_parquet(stream)
    elif form is Format.CSV:
        frame.write_csv(stream)
    else:
        frame.write_ndjson(stream)
    return stream.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file that is whole once it has its name, even after a failure of power. Raises OutputError."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise output_error(path, error) from None


def output_error(path: Path, error: OSError) -> OutputError:
    """Return what to say where the system refuses to write."""
    reason = (error.strerror or "the system refuses").lower()
    mend = "make room or name another folder; --resume goes on from what is finished"
    return OutputError(str(path), f"it cannot be written ({reason})", mend)


# Quads: in each patient's report (the name of the graph) the nodes that `lepto recommend --format ttl` has


def _verdicts(frame: pl.DataFrame, on: str) -> Iterator[Quad]:
    for row in frame.iter_rows(named=True):
        patient = patient_iri(row["patient"])
        this = f"{patient}:verdict:{row['action']}"
        links = [
            (RDF_TYPE, LEPTO + "Verdict"),
            (LEPTO + "ofPatient", patient),
            (LEPTO + "onAction", LEPTO + row["action"]),
            (LEPTO + "outcome", LEPTO + OUTCOME[row["verdict"]]),
            *((LEPTO + "awaits", LEPTO + fact) for fact in row["missing"].split()),
            *((PROV + "wasDerivedFrom", LEPTO + rule) for rule in row["rules"].split()),
        ]
        if strength := STRENGTH.get(row["bar"] or row["verdict"]):
            links.append((LEPTO + "verdictStrength", LEPTO + strength))
        yield from _in_report(patient, on, (link(this, *one) for one in links))
        yield from _in_report(patient, on, [link(_report(patient, on), LEPTO + "hasVerdict", this)])


def _findings(frame: pl.DataFrame, on: str) -> Iterator[Quad]:
    numbers: dict[str, Any] = {}
    for row in frame.iter_rows(named=True):
        patient = patient_iri(row["patient"])
        report = _report(patient, on)
        this = f"{report}:finding:{next(numbers.setdefault(patient, count(1)))}"
        texts = {"severity": "severity", "property": "onProperty", "value": "onValue", "message": "message"}
        said = [text(this, LEPTO + name, row[column]) for column, name in texts.items() if row[column] is not None]
        about = [link(report, LEPTO + "hasFinding", this), link(this, RDF_TYPE, LEPTO + "Finding")]
        yield from _in_report(patient, on, [*about, *said])


def _patients(frame: pl.DataFrame, on: str) -> Iterator[Quad]:
    for name in frame["patient"]:
        patient = patient_iri(name)
        report = _report(patient, on)
        yield from _in_report(
            patient,
            on,
            [
                link(report, RDF_TYPE, LEPTO + "Report"),
                link(report, LEPTO + "ofPatient", patient),
                text(report, LEPTO + "answeredOn", on, XSD_DATE),
                text(patient, IDENTIFIER, name),
            ],
        )


_QUADS: Mapping[str, Callable[[pl.DataFrame, str], Iterator[Quad]]] = {
    "verdicts": _verdicts,
    "findings": _findings,
    "patients": _patients,
}


def _report(patient: str, on: str) -> str:
    return f"{patient}:report:{on}"


def _in_report(patient: str, on: str, triples: Iterable[Triple]) -> Iterator[Quad]:
    graph = NamedNode(_report(patient, on))
    return (Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples)
