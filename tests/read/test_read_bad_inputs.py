"""The rows of the list of bad inputs that reading answers, and those that it must hand on whole to validation."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lepto.read import Record, limits

Take = Callable[[str | bytes], list[Record]]
Refusal = Callable[[str | bytes], str]
Said = Callable[[Record], list[str]]

PREFIXES = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix lepto: <https://w3id.org/lepto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
GOOD = '{"id": "V02", "ageYears": 54}'


def refused_alone(take: Take, line: str) -> Record:
    """Read a bad line before a good one, check that the good one is taken, and return the bad one's record."""
    bad, good = take(f"{line}\n{GOOD}\n")
    assert good.patient == "V02"
    assert good.findings == ()
    assert good.triples
    assert bad.triples == ()
    assert {finding.severity for finding in bad.findings} == {"violation"}
    return bad


def test_B001_unterminated_string_refuses_the_file(refusal: Refusal) -> None:
    """A text that is not closed at the end of Turtle refuses the file, with the line."""
    told = refusal(PREFIXES + '<#V01> a lepto:Patient .\n<#V01> lepto:her2Status "Her2')
    assert told.startswith("cohort: line 6 column ")
    assert "the file ends within a statement" in told


def test_B002_an_error_on_line_two_takes_nothing(refusal: Refusal) -> None:
    """Good statements before a syntax error are not taken over."""
    told = refusal("<#V01> a <https://w3id.org/lepto/Patient> .\n<#V01> secret secret .")
    assert "line 2 column" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("data", "byte"),
    [
        (b'{"id": "Ren\xe9"}', 11),
        (b'{"id": "V01"}\n{"id": "Ren\xe9"}', 25),
        (b"id,her2Status\nV01,\xe9", 18),
        (b'<#V01> a <https://w3id.org/lepto/Patient> . # \xe9"', 46),
        (b"\xef\xbb\xbf[1, \xe9]", 7),
    ],
)
def test_B004_latin_1_refuses_the_file(refusal: Refusal, data: bytes, byte: int) -> None:
    """Bytes that are not UTF-8 refuse the file in every format, naming the byte."""
    assert refusal(data) == f"cohort: byte {byte}: the file is not UTF-8; save it as UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_B005_utf_16_refuses_the_file(refusal: Refusal, encoding: str) -> None:
    """UTF-16 and UTF-32 with a byte order mark are refused as not UTF-8."""
    text = "\ufeff" + GOOD if encoding == "utf-16-be" else GOOD
    assert "byte 0: the file is not UTF-8" in refusal(text.encode(encoding))


def test_B005_a_utf_8_mark_is_accepted(take: Take) -> None:
    """A UTF-8 byte order mark changes nothing, in any format."""
    turtle = PREFIXES + '<#x> a lepto:Patient ; dcterms:identifier "V02" ; lepto:ageYears 54 .'
    plain = take(GOOD)[0].triples
    for text in (GOOD, f"{GOOD}\n" + '{"id": "V03"}', "id,ageYears\nV02,54", turtle):
        assert take(b"\xef\xbb\xbf" + text.encode())[0].triples == plain


def test_B007_a_line_that_is_too_long_costs_itself_alone(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is refused before parsing, wherever it stands, and the batch goes on."""
    monkeypatch.setattr(limits, "LINE_BYTES", 100)
    long = json.dumps({"id": "x" * 200})
    assert "cohort line 1: the line is too long" in refused_alone(take, long).findings[0].message
    records = take(f"{GOOD}\n{long}\n" + '{"id": "V03"}')
    assert [record.patient for record in records] == ["V02", "cohort line 2", "V03"]
    assert [bool(record.findings) for record in records] == [False, True, False]
    assert take(long)[0].findings[0].message.startswith("cohort line 1: the line is too long")


def test_B007_a_line_of_just_the_limit_is_read(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts the bytes of the line without its end."""
    monkeypatch.setattr(limits, "LINE_BYTES", len(GOOD))
    assert [record.findings for record in take(f"{GOOD}\n" + '{"id": "V03"}')] == [(), ()]


def test_B008_deep_nesting_costs_the_line_alone(take: Take) -> None:
    """A line nested 3,000 deep is refused alone, before a parser could overflow."""
    deep = '{"id": "V01", "a": ' * 3000 + "1" + "}" * 3000
    assert "nested too deeply" in refused_alone(take, deep).findings[0].message


@pytest.mark.parametrize("opening", ['{"a":', "[", '{"@graph":['])
def test_B008_deep_nesting_refuses_a_document(refusal: Refusal, opening: str) -> None:
    """One JSON document nested 100,000 deep is refused whole, with line and column."""
    told = refusal(opening * 100_000)
    assert told.startswith("cohort: line 1 column ")
    assert "nested too deeply" in told


def test_B008_quoted_triples_cannot_end_the_process(refusal: Refusal) -> None:
    """A million nested triple terms, which would end the parser's process, are refused before they are parsed."""
    assert "too many triples" in refusal(PREFIXES + "<#V01> a " + "<<( <#a> a " * 1_000_000)


def test_B008_brackets_in_texts_are_not_depth(take: Take) -> None:
    """Brackets within texts do not count as nesting."""
    assert take(json.dumps({"id": "V01", "note": '[{"\\' * 200}))[0].findings == ()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1e16", "1e-16", "1234567890123456789"])
def test_B010_nan_costs_the_record_alone(take: Take, number: str) -> None:
    """What is no number, or none that every engine holds exactly, costs the record alone, and is shown there only."""
    bad = refused_alone(take, f'{{"id": "V01", "csfProtein": {number}}}')
    assert (bad.patient, bad.findings[0].property, bad.findings[0].value) == ("V01", "csfProtein", number)
    assert number not in bad.findings[0].message


def test_B010_nan_costs_the_item_of_an_array_alone(take: Take) -> None:
    """In one JSON document too, an element with NaN is refused alone."""
    bad, good = take(f'[{{"id": "V01", "csfProtein": NaN}}, {GOOD}]')
    assert (bad.patient, bad.origin, bad.triples) == ("V01", "cohort item 1", ())
    assert (good.patient, good.findings) == ("V02", ())


def test_B010_equal_keys_cost_the_record_alone(take: Take) -> None:
    """A key that is given twice, on any level, is refused and never settled by taking the last."""
    bad = refused_alone(take, '{"id": "V01", "karnofskyPerformanceStatus": 40, "karnofskyPerformanceStatus": 80}')
    assert 'the key "karnofskyPerformanceStatus" is given 2 times' in bad.findings[0].message
    nested = refused_alone(take, '{"id": "V01", "treatmentCourse": [{"treatment": "A", "treatment": "B"}]}')
    assert nested.findings[0].property == "treatmentCourse"


def test_B010_an_id_that_is_given_twice_names_nobody(take: Take) -> None:
    """A record with two ids is named after its place."""
    assert refused_alone(take, '{"id": "V01", "id": "V09"}').patient == "cohort line 1"


def test_B011_half_a_surrogate_pair_costs_the_record_alone(take: Take) -> None:
    """A lone surrogate is refused where it is read, in a value, in a key and in the id."""
    assert refused_alone(take, '{"id": "V01", "note": "\\ud800"}').findings[0].value == "\\ud800"
    assert refused_alone(take, '{"id": "V01", "\\ud800": 1}').patient == "V01"
    assert refused_alone(take, '{"id": "\\ud800"}').patient == "cohort line 1"


@pytest.mark.parametrize("header", ["id;karnofskyPerformanceStatus", "id\tcsfProtein", "csfProtein;id"])
def test_B013_other_separators_refuse_the_file(refusal: Refusal, header: str) -> None:
    """A table separated by semicolons or tabs is refused with the mend: 1,42 is never read as two cells or 142."""
    told = refusal(f"{header}\nV01;1,42\n")
    assert told.startswith("cohort: line 1: the header is separated by something else than commas")
    assert "a point (1.42)" in told


def test_B013_a_decimal_comma_stays_text(take: Take, said: Said) -> None:
    """A quoted 1,42 is never a number; unquoted it is a cell too many."""
    quoted, bare = take('id,csfProtein\nV01,"1,42"\nV02,1,42')
    assert 'csfProtein "1,42"' in said(quoted)
    assert "the row has 3 cells and the header has 2" in bare.findings[0].message


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"# nothing\n# here", b"[]", b"id,ageYears\n"])
def test_B014_nothing_is_no_patients(take: Take, data: bytes) -> None:
    """An empty file, only comments, an empty array or a bare header hold no patients, and are no error."""
    assert take(data) == []


def test_B016_an_iri_with_a_space_refuses_the_file(refusal: Refusal) -> None:
    """An IRI that no one could write back refuses the file."""
    assert "an IRI is not valid" in refusal(PREFIXES + "<http://e/a b> a lepto:Patient .")


def test_B017_an_ill_typed_number_is_handed_on(take: Take, said: Said) -> None:
    """ "seventy"^^xsd:integer keeps its text and its datatype, for validation to refuse."""
    turtle = PREFIXES + '<#V01> a lepto:Patient ; lepto:karnofskyPerformanceStatus "seventy"^^xsd:integer .'
    assert 'karnofskyPerformanceStatus "seventy"^^integer' in said(take(turtle)[0])


def test_B019_a_node_for_a_number_is_handed_on(take: Take, said: Said) -> None:
    """An IRI or a blank node where a number belongs is kept as a named node, for validation to refuse."""
    turtle = PREFIXES + "<#V01> a lepto:Patient ; lepto:karnofskyPerformanceStatus [] , lepto:Good ."
    stated = said(take(turtle)[0])
    assert "karnofskyPerformanceStatus urn:lepto:unnamed" in stated
    assert "karnofskyPerformanceStatus Good" in stated


def test_B025_a_number_is_never_rounded(take: Take, said: Said) -> None:
    """69.9999999 stays what it is."""
    stated = said(take('{"id": "V01", "karnofskyPerformanceStatus": 69.9999999}')[0])
    assert 'karnofskyPerformanceStatus "69.9999999"^^decimal' in stated


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("true", '"true"^^boolean'),
        ('"80"', '"80"'),
        ("80.0", '"80.0"^^decimal'),
        ("8e1", '"80.0"^^decimal'),
        ("null", '"null"^^JSON'),
        ('{"value": 80}', '"{"value":80}"^^JSON'),
        ("[]", '"[]"^^JSON'),
    ],
)
def test_B026_a_wrong_json_type_is_handed_on(take: Take, said: Said, value: str, literal: str) -> None:
    """A value of the wrong JSON type keeps its honest datatype, so that validation refuses it under its property."""
    stated = said(take(f'{{"id": "V01", "karnofskyPerformanceStatus": {value}}}')[0])
    assert f"karnofskyPerformanceStatus {literal}" in stated


@pytest.mark.parametrize("text", ["31/02/2026", "2026-13-45", "0000-00-00", "2026-02-30", "2026", "2026-1-2", " "])
def test_B053_an_impossible_date_is_text(take: Take, said: Said, text: str) -> None:
    """What the calendar does not know is text, not a date, so that validation refuses it."""
    course = {"treatment": "A", "startDate": text}
    assert f'1 startDate "{text}"' in said(take(json.dumps({"id": "V01", "treatmentCourse": [course]}))[0])


def test_B095_a_course_of_two_patients_is_refused(take: Take) -> None:
    """A course that two patients share costs both of them, and no one else, the answer."""
    turtle = PREFIXES + (
        "<#V01> a lepto:Patient ; lepto:treatmentCourse <#c> . <#V02> a lepto:Patient ; lepto:treatmentCourse <#c> ."
        "<#V03> a lepto:Patient . <#c> lepto:treatment lepto:A ."
    )
    first, second, third = take(turtle)
    assert "shared with the patient at cohort item 2" in first.findings[0].message
    assert "shared with the patient at cohort item 1" in second.findings[0].message
    assert third.findings == ()
    assert (first.triples, second.triples) == ((), ())


def test_B095_a_patient_is_no_course(take: Take) -> None:
    """A patient who is given as another's course costs the other the answer."""
    turtle = PREFIXES + "<#V01> a lepto:Patient ; lepto:treatmentCourse <#V02> . <#V02> a lepto:Patient ."
    first, second = take(turtle)
    assert "is itself a patient" in first.findings[0].message
    assert second.findings == ()


def test_B098_one_id_for_two_records_refuses_both(take: Take) -> None:
    """Two records with one id are both refused, the pair named, and never merged."""
    first, other, second = take('{"id": "V01", "ageYears": 1}\n{"id": "V02"}\n{"id": "V01", "ageYears": 2}')
    for record in (first, second):
        assert "given at cohort line 1 and at cohort line 3" in record.findings[0].message
        assert record.triples == ()
    assert other.findings == ()


def test_B098_one_identifier_for_two_nodes_refuses_both(take: Take) -> None:
    """In RDF the id counts, not the name of the node."""
    turtle = PREFIXES + '<#a> a lepto:Patient ; dcterms:identifier "V01" . <#V01> a lepto:Patient .'
    assert [bool(record.findings) for record in take(turtle)] == [True, True]


def test_B100_saying_a_thing_twice_is_saying_it_once(take: Take) -> None:
    """Exact duplicates of a course or of a list's value change nothing."""
    course = {"treatment": "A", "courseStatus": "Given"}
    once = {"id": "V01", "treatmentCourse": [course], "declinedTreatment": ["B"]}
    twice = {"id": "V01", "treatmentCourse": [course, course], "declinedTreatment": ["B", "B"]}
    assert take(json.dumps(once)) == take(json.dumps(twice))


def test_B127_a_loop_of_courses_ends(refusal: Refusal) -> None:
    """A course that leads to a course is refused; nothing is followed in a circle."""
    turtle = PREFIXES + (
        "<#V01> a lepto:Patient ; lepto:treatmentCourse <#c> . <#c> lepto:treatmentCourse <#d> ."
        "<#d> lepto:treatmentCourse <#c> ."
    )
    assert "<http://example.org/#d> is spoken of" in refusal(turtle)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a:course:1", "a b", "Ren\u00e9", "<x>", "%41", "x" * 200])
def test_B130_an_id_is_only_ever_text(take: Take, name: str) -> None:
    """Any visible text up to the limit is an id; in the graph it is percent-encoded, and it names no file."""
    (record,) = take(json.dumps({"id": name}))
    assert (record.patient, record.findings) == (name, ())
    subject = str(record.triples[0].subject).strip("<>")
    assert subject.isascii()
    assert subject.removeprefix("urn:lepto:patient:").count(":") == subject.count("/") == 0


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 201, "a\nb", "a\x00b", "a\u202eb", "\u200b", 12, 1.5, True, None, [], {}, ["V01"]]
)
def test_B130_an_unusable_id_names_the_record_after_its_place(take: Take, name: object) -> None:
    """An id that is missing, empty, no text, too long or not visible is refused; its place names the record."""
    for bad in (refused_alone(take, json.dumps({"id": name})), refused_alone(take, '{"ageYears": 54}')):
        assert (bad.patient, bad.findings[0].property) == ("cohort line 1", "id")


def test_B133_python_code_in_annotations_never_gets_in(refusal: Refusal) -> None:
    """A file that names a Python module to import is refused for speaking about something else than patients."""
    ontology = "<http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module>"
    told = refusal(PREFIXES + f'<http://e/o> a owl:Ontology ; {ontology} "os" . <#V01> a lepto:Patient .')
    assert "<http://e/o> is spoken of" in told


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        (
            "lepto:OfferIntrathecalTherapy lepto:offers lepto:Everything .",
            "https://w3id.org/lepto/OfferIntrathecalTherapy",
        ),
        ("lepto:Osimertinib owl:sameAs lepto:Aumolertinib .", "https://w3id.org/lepto/Osimertinib"),
        ("<http://e/o> owl:imports <file:///etc/passwd> .", "http://e/o"),
        ("<#V02> lepto:ageYears 54 .", "http://example.org/#V02"),
        ("<#c> a lepto:TreatmentCourse .", "http://example.org/#c"),
    ],
)
def test_B139_a_patient_file_cannot_speak_of_the_knowledge(refusal: Refusal, statement: str, subject: str) -> None:
    """A statement about a rule, a drug, an ontology or any other thing refuses the file, and the thing is named."""
    told = refusal(PREFIXES + f"<#V01> a lepto:Patient . {statement}")
    assert f"<{subject}> is spoken of" in told
    assert "may speak only about patients and their treatment courses" in told


def test_B140_same_as_between_patients_is_handed_on_and_merges_nothing(take: Take, said: Said) -> None:
    """owl:sameAs stays on its patient, for the closed shape to refuse; the charts stay apart."""
    turtle = PREFIXES + "<#V01> a lepto:Patient ; owl:sameAs <#V02> . <#V02> a lepto:Patient ; lepto:ageYears 5 ."
    first, second = take(turtle)
    assert "http://www.w3.org/2002/07/owl#sameAs http://example.org/#V02" in said(first)
    assert "ageYears" not in " ".join(said(first))
    assert "sameAs" not in " ".join(said(second))


def test_B148_a_formula_is_just_text(take: Take) -> None:
    """Text that a spreadsheet would run is read as the text that it is."""
    (record,) = take("id,her2Status\n=HYPERLINK(1),Her2Positive")
    assert (record.patient, record.findings) == ("=HYPERLINK(1)", ())
