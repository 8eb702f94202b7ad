"""What is so plain that it can be told without reading it strictly."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import orjson

from lepto.read.limits import DIGITS

PLAIN_ID: Final = re.compile(rb' ?"([!#-~](?:[ !#-~]{0,98}[!#-~])?)"')
PLAIN_DATE: Final = re.compile(
    r"(?:19|20)[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
PLAIN_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
PLAIN_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]+)?")
BOOLEANS: Final = {"true": True, "false": False}
KEPT: Final = 100_000
"""So many texts are remembered with what they mean; no registry holds more that come again."""


class UnplainError(Exception):
    """A record has something on it which must be looked at by itself."""


def decimal_of(text: str) -> Decimal:
    """Return a number as it is written: as a float it might be rounded to a limit. Raises UnplainError."""
    if not PLAIN_DECIMAL.fullmatch(text) or len(text.replace(".", "")) > DIGITS:
        raise UnplainError
    return Decimal(text)


def loaded(text: bytes, many: int | None = None) -> Any:
    """Return what a JSON text holds, of so many members.

    Raises UnplainError where it is none, or might state a key twice.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UnplainError from None
    # Without escapes every text stands between two quotes: were a key given twice, there would be more of them.
    if b"\\" in text or text.count(b'"') != 2 * _texts(value) or (many is not None and len(value) != many):
        raise UnplainError
    return value


def _texts(value: Any) -> int:
    """How many texts, keys among them, a value holds."""
    if value.__class__ is str:
        return 1
    if value.__class__ is dict:
        return len(value) + sum(_texts(one) for one in value.values() if one.__class__ in (str, list, dict))
    return sum(_texts(one) for one in value) if value.__class__ is list else 0
