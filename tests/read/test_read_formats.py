"""One patient, the same graph in every format."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lepto.read import Record

Take = Callable[[str | bytes], list[Record]]
Refusal = Callable[[str | bytes], str]
Said = Callable[[Record], list[str]]

PREFIXES = "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX lepto: <https://w3id.org/lepto/> "
IN_JSON = """{"id": "V01", "ageYears": 54, "csfProtein": 85.50, "wholeBrainBenefitOutweighsHarm": true,
 "csfFlow": "UnobstructedCsfFlow", "declinedTreatment": ["B"],
 "treatmentCourse": [{"treatment": "B", "courseStatus": "Planned", "startDate": "2026-01-02"},
  {"treatment": "A", "courseStatus": "Given"}]}"""
STATED = [
    "1 http://www.w3.org/1999/02/22-rdf-syntax-ns#type TreatmentCourse",
    "1 courseStatus Given",
    "1 treatment A",
    "2 http://www.w3.org/1999/02/22-rdf-syntax-ns#type TreatmentCourse",
    "2 courseStatus Planned",
    '2 startDate "2026-01-02"^^date',
    "2 treatment B",
    'http://purl.org/dc/terms/identifier "V01"',
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#type Patient",
    'ageYears "54"^^integer',
    "csfFlow UnobstructedCsfFlow",
    'csfProtein "85.5"^^decimal',
    "declinedTreatment B",
    "treatmentCourse urn:lepto:patient:V01:course:1",
    "treatmentCourse urn:lepto:patient:V01:course:2",
    'wholeBrainBenefitOutweighsHarm "true"^^boolean',
]
IN_TURTLE = (
    PREFIXES
    + """<anything/V01> a lepto:Patient ; lepto:csfFlow lepto:UnobstructedCsfFlow ; lepto:ageYears 054 ;
  lepto:csfProtein 085.50 ; lepto:wholeBrainBenefitOutweighsHarm "1"^^<http://www.w3.org/2001/XMLSchema#boolean> ;
  lepto:treatmentCourse _:z , [ lepto:treatment lepto:A ; lepto:courseStatus lepto:Given ] ;
  lepto:declinedTreatment lepto:B .
_:z a lepto:TreatmentCourse ; lepto:treatment lepto:B ; lepto:courseStatus lepto:Planned ;
  lepto:startDate "2026-01-02"^^<http://www.w3.org/2001/XMLSchema#date> ."""
)
IN_CSV = (
    "csfProtein,id,ageYears,wholeBrainBenefitOutweighsHarm,csfFlow,declinedTreatment,her2Status,treatmentCourse\r\n"
    '85.50,V01,54,true,UnobstructedCsfFlow,"[""B""]",,"[{""treatment"": ""A"", ""courseStatus"": ""Given""},'
    '{""treatment"": ""B"", ""courseStatus"": ""Planned"", ""startDate"": ""2026-01-02""}]"\r\n'
)
CONTEXT = {
    "id": "@id",
    "a": "@type",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{name: {"@type": "@vocab"} for name in ("csfFlow", "declinedTreatment", "treatment", "courseStatus")},
    "startDate": {"@type": "xsd:date"},
}
IN_JSON_LD = json.dumps({"@context": CONTEXT, "a": "Patient"})[:-1] + "," + IN_JSON[1:]


def test_the_normal_form(take: Take, said: Said) -> None:
    """The graph of a patient: names are IRIs, numbers plain literals, courses numbered by their content."""
    (record,) = take(IN_JSON)
    assert (record.patient, record.origin, record.findings) == ("V01", "cohort item 1", ())
    assert sorted(said(record)) == sorted(STATED)
    assert list(record.triples) == sorted(record.triples, key=str)


@pytest.mark.parametrize(
    "text",
    [f"[{IN_JSON}]", json.dumps(json.loads(IN_JSON)), IN_TURTLE, IN_CSV, IN_JSON_LD, f"[{IN_JSON_LD}]"],
    ids=["array", "line", "turtle", "csv", "json-ld", "json-ld array"],
)
def test_every_format_gives_the_same_graph(take: Take, text: str) -> None:
    """Array, line, Turtle, CSV and JSON-LD of one patient give the identical triples."""
    assert [record.triples for record in take(text)] == [take(IN_JSON)[0].triples]


def test_what_is_written_as_n_triples_is_read_as_it_was(take: Take) -> None:
    """A record's own triples, written as N-Triples, give the record's triples again."""
    (record,) = take(IN_JSON)
    lines = "".join(f"{triple} .\n" for triple in record.triples)
    assert take(lines)[0].triples == record.triples


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('\n{"id": "A"}\n\n{"id": "B"}\n', ["line 2", "line 4"]),
        ('{"id": "A"}\r\n{"id": "B"}', ["line 1", "line 2"]),
        ('[{"id": "A"},\n{"id": "B"}]', ["item 1", "item 2"]),
        ('{\n"id":\n"A"\n}', ["item 1"]),
        ('{"treatmentCourse": [\n{"treatment": "T"}\n], "id": "A"}', ["item 1"]),
        ('id,note\nA,"two\nlines"\n\nB,x\n', ["line 2", "line 5"]),
        ('"id"\nA', ["line 2"]),
        (PREFIXES + "<#A> a lepto:Patient . <B> a lepto:Patient .", ["item 1", "item 2"]),
        ("[ a <https://w3id.org/lepto/Patient> ; <http://purl.org/dc/terms/identifier> 'A' ] .", ["item 1"]),
        ("[] a <https://w3id.org/lepto/Patient> ; <http://purl.org/dc/terms/identifier> 'A' .", ["item 1"]),
        ("# a comment\n<A> a <https://w3id.org/lepto/Patient> .", ["item 1"]),
    ],
)
def test_a_format_is_told_by_its_content(take: Take, text: str, places: list[str]) -> None:
    """The format follows from the text alone, and every patient knows its place in it."""
    records = take(text)
    assert [record.origin for record in records] == [f"cohort {place}" for place in places]
    assert [record.patient for record in records] == ["A", "B"][: len(places)]
    assert [record.findings for record in records] == [()] * len(places)


def test_a_broken_first_line_is_still_ndjson(take: Take) -> None:
    """A first line that is no JSON costs itself alone, like any other."""
    bad, good = take('{"id": "A",,}\n{"id": "B"}')
    assert bad.findings[0].message.startswith("cohort line 1 column 12: this is not JSON")
    assert good.patient == "B"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"id": "A"', "cohort: line 1 column 11: this is not JSON (expecting ',' delimiter)"),
        ('{"id":\n"A" "B"}', "cohort: line 2 column 5: this is not JSON"),
        ('{"id": "A"} x', "cohort: line 1 column 13: this is not JSON (extra data)"),
        ('[{"id": "A"},\n]', "cohort: line 2 column 1: this is not JSON"),
        ("hello", "cohort: line 1: this is none of the formats that are read"),
        ("12", "cohort: line 1: this is none of the formats that are read"),
        ('<?xml version="1.0"?><rdf:RDF/>', "cohort: line 1: this is none of the formats that are read"),
        ("name,age\nA,1", "cohort: line 1: this is none of the formats that are read"),
        ("ageYears,csfFlow\n1,A", "cohort: line 1: the header has no column id"),
        ("id,ageYears,ageYears\nA,1,2", "cohort: line 1: the column ageYears is given twice"),
        ("id,ageYears,\nA,1,", "cohort: line 1: column 3 has no name"),
        ('id,her2Status\nA,"x"y\n', "cohort: line 2: the row is not CSV"),
        ('id,her2Status\nA,x\nB,"x', "cohort: line 3: the row is not CSV"),
        ("@prefix a: <http://e/> .\nb:c a b:d .", "cohort: line 2 column 1: this is not Turtle (the prefix b: is not"),
        (PREFIXES + "<A> a lepto:Patient . <g> { <B> a lepto:Patient }", "cohort: line 1 column "),
    ],
)
def test_a_broken_file_is_refused_with_place_and_mend(refusal: Refusal, text: str, told: str) -> None:
    """What is no file of patients is refused whole, on one line that names the place, the fault and the mend."""
    assert refusal(text).startswith(told)
    assert "; " in refusal(text)


def test_nothing_of_the_data_is_in_an_error(refusal: Refusal) -> None:
    """Errors of the parsers are told in our own words, which hold no value."""
    for text in (
        '{"id": "secret" "secret"}',
        PREFIXES + "<A> a lepto:Patient ; lepto:csfFlow secret .",
        PREFIXES + '<A> a lepto:Patient ; lepto:csfFlow "x"^^secret .',
        'id,csfFlow\nsecret,"secret"secret',
    ):
        assert "secret" not in refusal(text)


def test_unknown_keys_are_handed_on(take: Take, said: Said) -> None:
    """An unknown key becomes a predicate of its own, with its value under the honest datatype, and nothing lost."""
    (record,) = take('{"id": "A", "shoe size": 42, "b": "x", "c": [], "d": {"y": 1, "x": [null, 1.50]}, "e": false}')
    assert set(said(record)) >= {
        'shoe%20size "42"^^integer',
        'b "x"',
        'c "[]"^^JSON',
        'd "{"x":[null,1.50],"y":1}"^^JSON',
        'e "false"^^boolean',
    }


def test_an_array_gives_one_statement_an_element(take: Take, said: Said) -> None:
    """Two values of a fact that has one are both handed on, so that validation sees the contradiction."""
    (record,) = take('{"id": "A", "ageYears": [54, 55], "treatmentCourse": ["T", 3, [1]]}')
    assert {'ageYears "54"^^integer', 'ageYears "55"^^integer'} < set(said(record))
    assert {'treatmentCourse "T"', 'treatmentCourse "3"^^integer', 'treatmentCourse "[1]"^^JSON'} < set(said(record))


def test_facts_of_a_course_are_unknown_to_the_patient(take: Take, said: Said) -> None:
    """A course's key on a patient, and a patient's in a course, are handed on as unknown keys."""
    (record,) = take('{"id": "A", "treatment": [], "treatmentCourse": [{"csfFlow": "X", "treatmentCourse": []}]}')
    assert {'treatment "[]"^^JSON', '1 csfFlow "X"', '1 treatmentCourse "[]"^^JSON'} < set(said(record))


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_an_empty_text_is_no_name(take: Take, said: Said, text: str) -> None:
    """Empty and blank texts stay texts; only an empty cell of a table is "not stated"."""
    assert f'csfFlow "{text}"' in said(take(json.dumps({"id": "A", "csfFlow": text}))[0])


@pytest.mark.parametrize(
    ("cell", "literal"),
    [
        ("80", '"80"^^integer'),
        ("080", '"080"'),
        ("+80", '"+80"'),
        (" 80", '" 80"'),
        ("80.0", '"80.0"^^decimal'),
        ("80%", '"80%"'),
        ("NaN", '"NaN"'),
        ("\u0668\u0660", '"\u0668\u0660"'),
    ],
)
def test_a_cell_is_a_number_only_to_the_letter(take: Take, said: Said, cell: str, literal: str) -> None:
    """A cell is a number where JSON would take it as one; anything else stays text for validation to refuse."""
    assert f"karnofskyPerformanceStatus {literal}" in said(take(f"id,karnofskyPerformanceStatus\nA,{cell}")[0])


@pytest.mark.parametrize(
    ("number", "decimal"),
    [("6", "6"), ("6.0", "6"), ("-0.0", "0"), ("1.50", "1.5"), ("2e3", "2000"), ("1e-3", "0.001"), ("120", "120")],
)
def test_a_decimal_is_written_in_one_way(take: Take, said: Said, number: str, decimal: str) -> None:
    """A decimal fact takes any JSON number, in plain notation and in one way only."""
    assert f'csfProtein "{decimal}"^^decimal' in said(take(f'{{"id": "A", "csfProtein": {number}}}')[0])


def test_a_list_cell_is_a_json_array(take: Take) -> None:
    """In a list's column anything but a JSON array costs the row alone, as does a row of another length."""
    table = "id,declinedTreatment\nA,T\nB,[T]\nC,{}\nD,[]\nE\nF,\n"
    records = take(table)
    assert [record.patient for record in records] == ["A", "B", "C", "D", "cohort line 6", "F"]
    assert [len(record.findings) for record in records] == [1, 1, 1, 0, 1, 0]
    assert "the cell of the list declinedTreatment is not a JSON array" in records[0].findings[0].message


def test_a_list_cell_is_read_strictly(take: Take) -> None:
    """Equal keys within a cell are refused like anywhere else."""
    (record,) = take('id,treatmentCourse\nA,"[{""treatment"": ""T"", ""treatment"": ""U""}]"')
    assert 'the key "treatment" is given 2 times' in record.findings[0].message


@pytest.mark.parametrize(
    ("iri", "patient"),
    [
        ("http://e/p#V01", "V01"),
        ("http://e/p#a/V01", "a/V01"),
        ("http://e/V01", "V01"),
        ("urn:lepto:patient:V%2001", "V 01"),
        ("urn:x:V/01", "V/01"),
    ],
)
def test_a_patient_without_identifier_is_the_end_of_its_iri(take: Take, iri: str, patient: str) -> None:
    """The id is what follows the hash, or the last slash, or in a URN the last colon, percent-decoded."""
    assert take(f"<{iri}> a <https://w3id.org/lepto/Patient> .")[0].patient == patient


@pytest.mark.parametrize("identifier", ["12", '"V01"@en', '"V01", "V02"', "<V01>", '""', "[]"])
def test_an_identifier_is_one_text(take: Take, identifier: str) -> None:
    """A number, a name, a text with a language, or two identifiers are refused; the IRI is no way out."""
    (record,) = take(PREFIXES + f"<#V09> a lepto:Patient ; dcterms:identifier {identifier} .")
    assert (record.patient, record.findings[0].property) == ("cohort item 1", "id")


@pytest.mark.parametrize("iri", ["http://e/", "http://e/p#", "urn:lepto:patient:"])
def test_an_iri_that_ends_in_nothing_is_no_id(take: Take, iri: str) -> None:
    """A patient whose IRI has no last segment has no id."""
    assert take(f"<{iri}> a <https://w3id.org/lepto/Patient> .")[0].patient == "cohort item 1"


def test_unknown_statements_in_rdf_are_handed_on(take: Take, said: Said) -> None:
    """Unknown predicates, further types and texts with a language stay, for the closed shapes to refuse."""
    (record,) = take(PREFIXES + '<#A> a lepto:Patient , <http://e/T> ; <http://e/p> "x"@en ; lepto:q 1.50 .')
    assert {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type http://e/T",
        'http://e/p "x"^^langString',
        'q "1.5"^^decimal',
    } < set(said(record))


@pytest.mark.parametrize("value", ['"x"@en--ltr', "<<( <a> <b> <c> )>>", "1" * 19, "0." + "1" * 18])
def test_a_value_that_no_engine_holds_costs_the_patient_alone(take: Take, value: str) -> None:
    """RDF 1.2 terms and numbers that are too long are refused with their patient, and the others go on."""
    bad, good = take(PREFIXES + f"<#A> a lepto:Patient ; lepto:csfProtein {value} . <#B> a lepto:Patient .")
    assert (bad.patient, bad.triples, bad.findings[0].property) == ("A", (), "csfProtein")
    assert good.findings == ()
