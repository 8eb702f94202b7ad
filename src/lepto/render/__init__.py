"""From reports to text: `fhir`, `json`, `ttl` and `text`, each with the one verb `render`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lepto.render import as_fhir, as_json, as_text, as_turtle
from lepto.report import Report

FORMATS: dict[str, Callable[[Sequence[Report]], str]] = {
    "fhir": as_fhir.render,
    "json": as_json.render,
    "text": as_text.render,
    "ttl": as_turtle.render,
}


def render(reports: Sequence[Report], form: str) -> str:
    """Return the reports in one of FORMATS, ending in a line break; the same reports give the same text."""
    return FORMATS[form](reports)
