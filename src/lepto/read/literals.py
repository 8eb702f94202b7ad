"""Numbers and dates as RDF literals, written in one way only."""

from __future__ import annotations

import re
from datetime import date
from decimal import Context, Decimal

from pyoxigraph import Literal, NamedNode

from lepto.read import limits
from lepto.vocabulary import XSD_BOOLEAN, XSD_DECIMAL, XSD_INTEGER

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?")
_EXACT = Context(prec=2 * limits.DIGITS)


def is_number(text: str) -> bool:
    """Tell whether `text` is a number as JSON writes it (NaN, Infinity, "080" and "+80" are not)."""
    return _JSON_NUMBER.fullmatch(text) is not None


def is_integer(text: str) -> bool:
    """Tell whether `text` is in the lexical space of xsd:integer."""
    return _INTEGER.fullmatch(text) is not None


def is_decimal(text: str) -> bool:
    """Tell whether `text` is in the lexical space of xsd:decimal."""
    return _DECIMAL.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Tell whether `text` is an xsd:date of the years 1 to 9999 that the calendar knows."""
    match = _DATE.fullmatch(text)
    return match is not None and _is_in_calendar(match[1])


def is_within_limits(text: str) -> bool:
    """Tell whether a number, written as JSON or XSD write one, is short enough to be held exactly by every engine."""
    mantissa, _, exponent = text.lower().partition("e")
    if _digits(mantissa) > limits.DIGITS or not _is_small_exponent(exponent):
        return False
    return _digits(_plain(text)) <= limits.DIGITS


def integer_literal(text: str) -> Literal:
    """Return the canonical xsd:integer for `text`, which is one and is within the limits."""
    return Literal(str(int(text)), datatype=NamedNode(XSD_INTEGER))


def decimal_literal(text: str, *, point: bool = False) -> Literal:
    """Return the xsd:decimal for `text`, a number within the limits, in plain notation.

    With `point` a whole number keeps one decimal ("80.0"), so that a decimal where an integer belongs can be seen as
    such.
    """
    plain = _plain(text)
    return Literal(f"{plain}.0" if point and "." not in plain else plain, datatype=NamedNode(XSD_DECIMAL))


def boolean_literal(value: bool) -> Literal:
    """Return the canonical xsd:boolean."""
    return Literal("true" if value else "false", datatype=NamedNode(XSD_BOOLEAN))


def _is_in_calendar(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_small_exponent(text: str) -> bool:
    digits = text.lstrip("+-").lstrip("0") or "0"
    return len(digits) <= len(str(limits.EXPONENT)) and int(digits) <= limits.EXPONENT


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _plain(text: str) -> str:
    number = Decimal(text)
    return format(number.normalize(_EXACT), "f") if number else "0"
