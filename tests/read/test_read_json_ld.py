"""JSON-LD: no network, and nothing dropped in silence."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lepto.read import Record

Take = Callable[[str | bytes], list[Record]]
Refusal = Callable[[str | bytes], str]
Said = Callable[[Record], list[str]]

PATIENT = {"@id": "V01", "@type": "Patient"}


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "http://e/c", **PATIENT},
        {"@context": [{}, "file:///etc/passwd"], **PATIENT},
        {"@context": {"@import": "http://e/c"}, **PATIENT},
        {"@context": {"csfFlow": {"@id": "http://e/f", "@context": "http://e/c"}}, **PATIENT},
        {**PATIENT, "treatmentCourse": {"@context": "http://e/c"}},
        [PATIENT, {"@context": ["http://e/c"]}],
    ],
)
def test_a_remote_context_is_refused(refusal: Refusal, document: object) -> None:
    """A context that is given by its address, anywhere in the document, refuses the file, and nothing is fetched."""
    assert "the context is given by its address" in refusal(json.dumps(document))


@pytest.mark.parametrize(
    "document",
    [
        {**PATIENT, "csf flow": 1},
        {**PATIENT, "_:csfFlow": 1},
        {"@context": {"csfFlow": "_:flow"}, **PATIENT, "csfFlow": 1},
        {**PATIENT, "@id": "V 01"},
        {**PATIENT, "@id": "http://e:port/V01"},
        {**PATIENT, "@id": "@none"},
        {**PATIENT, "@type": ["Patient", "Of interest"]},
        {**PATIENT, "csfFlow": {"@id": "Unobstructed flow"}},
        {"@context": {"csfFlow": {"@type": "@vocab"}}, **PATIENT, "csfFlow": "Unobstructed flow"},
        {"@context": {"csfFlow": "http://e/csf flow"}, **PATIENT, "csfFlow": 1},
        {"@context": {"csfFlow": None}, **PATIENT, "csfFlow": 1},
        {"@context": {"csfFlow": {"@id": None}}, **PATIENT, "csfFlow": 1},
        {"@context": {"@vocab": None}, **PATIENT, "csfFlow": 1},
        {"@context": None, **PATIENT, "csfFlow": 1},
        {"@context": {"csfFlow": "@index"}, **PATIENT, "csfFlow": "x"},
        {"@context": {"csfFlow": "@flow"}, **PATIENT, "csfFlow": "x"},
        {**PATIENT, "@typ": "x"},
        {**PATIENT, "@index": "x"},
        [PATIENT, "V02"],
        {"@graph": [PATIENT, "V02"]},
    ],
)
def test_what_json_ld_would_drop_refuses_the_file(refusal: Refusal, document: object) -> None:
    """Keys, ids and values that JSON-LD leaves out without a word are refused: silence would read as "not stated"."""
    assert refusal(json.dumps(document)).startswith("cohort: the JSON-LD: ")


@pytest.mark.parametrize("pair", ['"csfProtein": NaN', '"a": 1, "a": 1', '"b": "\\ud800"', '"csfProtein": 1e400'])
def test_an_unsound_value_refuses_the_file(refusal: Refusal, pair: str) -> None:
    """A linked document is sound whole or not at all."""
    assert refusal(f'{{"@id": "V01", "@type": "Patient", {pair}}}').startswith("cohort: the JSON-LD: ")


def test_named_graphs_are_refused(refusal: Refusal) -> None:
    """A named graph refuses the file: a patient's facts stand in the default graph."""
    assert "there is a named graph" in refusal(json.dumps({"@id": "g", "@graph": [PATIENT]}))


def test_an_unmapped_key_is_a_lepto_key(take: Take, said: Said) -> None:
    """A key that no context maps falls into the LEPTO vocabulary, where the closed shapes know or refuse it."""
    (record,) = take(json.dumps({"@context": {"x": "http://e/x"}, **PATIENT, "ageYears": 54, "csfFlo": 1, "x": 1}))
    assert {'ageYears "54"^^integer', 'csfFlo "1"^^integer', 'http://e/x "1"^^integer'} < set(said(record))


def test_an_own_vocabulary_is_kept(take: Take, said: Said) -> None:
    """A context's own vocabulary goes before ours."""
    document = {"@context": {"@vocab": "http://e/"}, "@id": "V01", "@type": "https://w3id.org/lepto/Patient", "a": 1}
    assert 'http://e/a "1"^^integer' in said(take(json.dumps(document))[0])


@pytest.mark.parametrize("value", ["80.0", '{"@value": 80.0}', "8e1"])
def test_a_fraction_is_a_decimal_as_in_json(take: Take, said: Said, value: str) -> None:
    """80.0 is a decimal in JSON-LD too, so that an integer fact refuses it in every format."""
    (record,) = take(f'{{"@id": "V01", "@type": "Patient", "ageYears": {value}, "csfProtein": {value}}}')
    assert {'ageYears "80.0"^^decimal', 'csfProtein "80"^^decimal'} < set(said(record))


def test_a_typed_value_keeps_its_type(take: Take, said: Said) -> None:
    """A type that is stated beside a value stays, even where it does not fit."""
    value = {"@value": 80.0, "@type": "http://www.w3.org/2001/XMLSchema#integer"}
    assert 'ageYears "80.0"^^integer' in said(take(json.dumps({**PATIENT, "ageYears": value}))[0])


def test_texts_with_spaces_are_no_drop(take: Take) -> None:
    """A document whose texts could not be IRIs, and need not be, is read."""
    context = {"dcterms": "http://purl.org/dc/terms/"}
    (record,) = take(json.dumps({"@context": context, "@type": "Patient", "dcterms:identifier": "Ren\u00e9 <1>: a"}))
    assert (record.patient, record.findings) == ("Ren\u00e9 <1>: a", ())


def test_a_graph_of_patients_is_read_in_its_order(take: Take) -> None:
    """The patients of an @graph are records in its order."""
    graph = [{"@id": f"V{number}", "@type": "Patient"} for number in (3, 1, 2)]
    assert [record.patient for record in take(json.dumps({"@graph": graph}))] == ["V3", "V1", "V2"]
