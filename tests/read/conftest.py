"""What the tests of `read` share: a small mirror of the contract's facts, and short ways to read a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from lepto.errors import InputError
from lepto.facts import Fact
from lepto.read import Record, read_bytes
from lepto.vocabulary import LEPTO, XSD_BOOLEAN, XSD_DATE, XSD_DECIMAL, XSD_INTEGER, XSD_STRING, local_name

_LITERALS = {
    "ageYears": XSD_INTEGER,
    "karnofskyPerformanceStatus": XSD_INTEGER,
    "lifeExpectancyMonths": XSD_DECIMAL,
    "csfProtein": XSD_DECIMAL,
    "wholeBrainBenefitOutweighsHarm": XSD_BOOLEAN,
}
_NAMES = ("leptomeningealMetastasis", "her2Status", "csfFlow", "hydrocephalus")
_OF_COURSE = {"treatment": None, "courseStatus": None, "targetSite": None, "startDate": XSD_DATE, "endDate": XSD_DATE}


def _facts() -> Mapping[str, Fact]:
    facts = [
        *(Fact(name, datatype, many=False, of_course=False, nested=False) for name, datatype in _LITERALS.items()),
        *(Fact(name, None, many=False, of_course=False, nested=False) for name in _NAMES),
        *(Fact(name, datatype, many=False, of_course=True, nested=False) for name, datatype in _OF_COURSE.items()),
        Fact("treatmentCourse", None, many=True, of_course=False, nested=True),
        Fact("declinedTreatment", None, many=True, of_course=False, nested=False),
    ]
    return {fact.name: fact for fact in facts}


@pytest.fixture(scope="session")
def facts() -> Mapping[str, Fact]:
    """A small mapping that mirrors section 2 of the contract."""
    return _facts()


@pytest.fixture(scope="session")
def take(facts: Mapping[str, Fact]) -> Callable[[str | bytes], list[Record]]:
    """Read a text (or bytes) as the file "cohort"."""

    def _take(text: str | bytes) -> list[Record]:
        return read_bytes(text.encode() if isinstance(text, str) else text, "cohort", facts)

    return _take


@pytest.fixture(scope="session")
def refusal(take: Callable[[str | bytes], list[Record]]) -> Callable[[str | bytes], str]:
    """Read a text that must be refused whole, and return what the error says."""

    def _refusal(text: str | bytes) -> str:
        with pytest.raises(InputError) as caught:
            take(text)
        assert len(str(caught.value).splitlines()) == 1
        return str(caught.value)

    return _refusal


def _object(term: object) -> str:
    if isinstance(term, NamedNode):
        return term.value.removeprefix(LEPTO)
    assert isinstance(term, Literal)
    datatype = term.datatype.value
    return f'"{term.value}"' if datatype == XSD_STRING else f'"{term.value}"^^{local_name(datatype)}'


def _statement(triple: Triple) -> str:
    assert isinstance(triple.subject, NamedNode)
    course = triple.subject.value.rpartition(":course:")[2] if ":course:" in triple.subject.value else ""
    return f"{course} {triple.predicate.value.removeprefix(LEPTO)} {_object(triple.object)}".strip()


@pytest.fixture(scope="session")
def said() -> Callable[[Record], list[str]]:
    """Return what a record states, as "ageYears "54"^^integer" of the patient and "1 treatment X" of a course."""
    return lambda record: [_statement(triple) for triple in record.triples]
