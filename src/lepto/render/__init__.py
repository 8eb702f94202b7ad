"""From reports to text: `fhir`, `json`, `ttl` and `text`, each with the one verb `render`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from lepto.report import Report

FORMATS = {"fhir": "as_fhir", "json": "as_json", "text": "as_text", "ttl": "as_turtle"}
"""The module of each format: only the one that is asked for is imported."""


def render(reports: Sequence[Report], form: str) -> str:
    """Return the reports in one of FORMATS, ending in a line break; the same reports give the same text."""
    text: str = import_module(f"lepto.render.{FORMATS[form]}").render(reports)
    return text
