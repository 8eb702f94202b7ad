"""Whatever is in a health record, reading it ends, in an answer or a stated refusal, and states nothing unheard of."""

from __future__ import annotations

import json
import resource
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepto.errors import InputError
from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read_bytes
from tests.accept_cases import ON
from tests.fhir.records import bundle

KNOWN = bundle(
    {
        "id": "A",
        "ageYears": 60,
        "leptomeningealMetastasis": "Confirmed",
        "originTumour": "BreastCarcinoma",
        "her2Status": "Her2Positive",
        "egfrStatus": "EgfrL858R",
        "karnofskyPerformanceStatus": 80,
        "csfProtein": 120,
        "csfCytology": "CytologyNegativeRepeatedly",
        "csfDevice": "OmmayaReservoir",
        "headache": "Absent",
        "wholeBrainBenefitOutweighsHarm": True,
        "treatmentCourse": [
            {"treatment": "IntrathecalMethotrexate", "courseStatus": "Planned"},
            {"treatment": "CraniospinalIrradiation", "courseStatus": "Given"},
        ],
    },
    ON.isoformat(),
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

HUGE = "a number of 400 digits"
"""Stands for a number that JSON can write and a float cannot hold."""


def nested(depth: int) -> dict[str, Any]:
    """Extensions inside extensions."""
    return {"extension": [nested(depth - 1)] if depth else []}


ODD: dict[str, Any] = {
    "a list of one": [80],
    "a list of a list": [[]],
    "a list inside an object": {"a": [1]},
    "a number of 400 digits": HUGE,
    "the first day": "0001-01-01",
    "before the first hour": "0001-01-01T00:00:00+14:00",
    "after the last second": "9999-12-31T23:59:59-14:00",
    "deep extensions": nested(20),
    "extensions beyond the limit": nested(100),
}
"""Lists where FHIR has one value, the ends of the calendar, and what is nested deeply."""

HEAD_ROOM = 512 * 1024 * 1024
"""Bytes that reading any of these may take beyond what the process had."""


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in paths(value[key], (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON value with another one in a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def as_text(document: Any) -> str:
    """A JSON value as text, in which the huge number is written out."""
    return json.dumps(document).replace(json.dumps(HUGE), "1e400")


def records_or_refusal(knowledge: Knowledge, intaking: Intaking, data: bytes) -> list[Record] | str:
    """The records of a file, or the one line with which it is refused."""
    try:
        return read_bytes(data, "record.json", knowledge.facts, intaking)
    except InputError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    return message


def look_at(knowledge: Knowledge, intaking: Intaking, document: Any) -> None:
    """No traceback, whatever stands wherever; what is stated is of facts that there are; and twice gives the same."""
    data = as_text(document).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    records = records_or_refusal(knowledge, intaking, data)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < HEAD_ROOM
    assert records == records_or_refusal(knowledge, intaking, data)
    for record in records if isinstance(records, list) else []:
        assert record.triples or any(finding.severity == "violation" for finding in record.findings)
        assert {one.property for one in record.intake.used} <= set(knowledge.facts) if record.intake else True


def element(path: tuple[Any, ...]) -> tuple[str, ...]:
    """The type of the resource around a place, and the elements that lead there, without their numbers in lists."""
    kind = KNOWN["entry"][path[1]]["resource"]["resourceType"] if len(path) > 3 else ""
    return (kind, *(step for step in path if isinstance(step, str)))


PLACES = paths(KNOWN)
ELEMENTS = {element(path): path for path in PLACES}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_value_in_any_element_is_read_or_refused(knowledge: Knowledge, intaking: Intaking, odd: Any) -> None:
    assert len(ELEMENTS) > 100
    for path in ELEMENTS.values():
        look_at(knowledge, intaking, changed(KNOWN, path, odd))


fuzzed = settings(deadline=None, suppress_health_check=list(HealthCheck))


@fuzzed
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(list(ODD.values())) | anything), min_size=1, max_size=4
    )
)
def test_a_record_with_anything_anywhere_is_read_or_refused(
    knowledge: Knowledge, intaking: Intaking, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    document: Any = KNOWN
    for path, new in changes:
        try:
            document = changed(document, path, new)
        except (KeyError, IndexError, TypeError):
            continue
    look_at(knowledge, intaking, document)


@fuzzed
@given(document=anything)
def test_anything_that_calls_itself_a_resource_is_read_or_refused(
    knowledge: Knowledge, intaking: Intaking, document: Any
) -> None:
    for kind in ("Bundle", "Patient", "Observation", "Condition", "MedicationRequest", "Procedure", 7):
        item = {**document, "resourceType": kind} if isinstance(document, dict) else [{"resourceType": kind}, document]
        records_or_refusal(knowledge, intaking, json.dumps(item).encode())


@fuzzed
@given(cut=st.integers(0, 4000), byte=st.binary(max_size=4))
def test_a_torn_file_is_refused_in_one_line(knowledge: Knowledge, intaking: Intaking, cut: int, byte: bytes) -> None:
    """Cut anywhere and mended with anything."""
    records_or_refusal(knowledge, intaking, json.dumps(KNOWN).encode()[:cut] + byte)
