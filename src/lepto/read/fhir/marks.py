"""By what a parsed document is known to be FHIR."""

from __future__ import annotations

from typing import Final

from lepto.read.strict_json import Object, Value

RESOURCE_TYPE: Final = "resourceType"


def is_fhir(value: Value) -> bool:
    """Say whether a parsed document is FHIR: a resource, a list that begins with one, or a request of CDS Hooks."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Object) and bool(first.count(RESOURCE_TYPE) or is_hook(first))


def is_hook(document: Object) -> bool:
    """Say whether an object is a request of CDS Hooks."""
    return bool(document.count("hook")) and isinstance(document.get("context"), Object | None)
