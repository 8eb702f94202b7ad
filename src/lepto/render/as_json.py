"""Reports as the JSON of the contract: one array, a report a patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from lepto.report import Report


def render(reports: Sequence[Report]) -> str:
    """Return the reports as a JSON array."""
    return json.dumps([as_object(report) for report in reports], indent=2, ensure_ascii=False) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """Return a report as JSON values, with the contract's names; keys without a Python spelling are camelCase.

    `intake` is there for a health record only.
    """
    values: dict[str, Any] = _value(report)
    if report.intake is None:
        del values["intake"]
    return values


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(inner) for inner in value]
    if is_dataclass(value):
        return {key: _value(getattr(value, name)) for name, key in _keys(value.__class__)}
    return value


@cache
def _keys(class_: Any) -> list[tuple[str, str]]:
    """The fields of a part of a report, each with its key."""
    return [(field.name, _camel(field.name)) for field in fields(class_)]


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
