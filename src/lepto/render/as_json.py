"""Reports as the JSON of the contract: one array, a report a patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lepto.report import Report


def render(reports: Sequence[Report]) -> str:
    """Return the reports as a JSON array."""
    return json.dumps([as_object(report) for report in reports], indent=2, ensure_ascii=False) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """Return a report as JSON values, with the contract's names; keys without a Python spelling are camelCase.

    `intake` is there for a health record only.
    """
    values = asdict(report)
    if report.intake is None:
        del values["intake"]
    return {_camel(key): _value(value) for key, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(key): _value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(inner) for inner in value]
    return value


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
