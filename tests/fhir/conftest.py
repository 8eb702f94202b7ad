"""What every test of health records may ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read_bytes
from tests.accept_cases import ON
from tests.fhir.taken import PATIENT, Documents, Take, bundle_of


@pytest.fixture(scope="session")
def intaking(knowledge: Knowledge) -> Intaking:
    """How health records are read."""
    return Intaking(knowledge, ON)


@pytest.fixture(scope="session")
def documents(knowledge: Knowledge, intaking: Intaking) -> Documents:
    """The records of a document, given as JSON values or as text."""

    def taken(document: Any) -> list[Record]:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        return read_bytes(data, "record.json", knowledge.facts, intaking)

    return taken


@pytest.fixture(scope="session")
def take(documents: Documents) -> Take:
    """The one record of a bundle of a patient with these resources."""

    def taken(*resources: dict[str, Any], patient: dict[str, Any] = PATIENT) -> Record:
        (record,) = documents(bundle_of(patient, *resources))
        return record

    return taken
