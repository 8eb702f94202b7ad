"""What may be said of a patient, as the ontology declares it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One property of a patient or of a treatment course.

    `datatype` is the XSD IRI of a literal, or None where the value is a named thing; `many` marks a list; `of_course` a
    property of a treatment course; `nested` a property whose values are treatment courses.
    """

    name: str
    datatype: str | None
    many: bool
    of_course: bool
    nested: bool
