"""Numbers with units: UCUM conversion, by a library that is loaded only where units differ."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

DIGITS = 12
"""Significant digits of a converted number: the conversion is by floating point."""

_NO_LETTERS = re.compile(r"[^a-z]+")
_WORDS = 4


class NoUnitError(ValueError):
    """A unit that is no UCUM, or of another dimension."""


def converted(number: Decimal, unit: str, into: str) -> Decimal:
    """Return a number in another unit (both UCUM). Raises NoUnitError."""
    if unit == into:
        return number
    return Decimal(f"{number * _factor(unit, into):.{DIGITS}g}")


def sized(shown: str, unit: str) -> Decimal:
    """Return how many of a unit (UCUM) are one of a unit shown in UCUM, or in English words of which the first may do.
    Raises NoUnitError.
    """
    words = _NO_LETTERS.sub(" ", shown.lower()).split()[:_WORDS]
    for one, in_words in ((shown, False), (" ".join(words), True), (words[0] if words else "", True)):
        with suppress(NoUnitError):
            return _factor(one, unit, in_words)
    raise NoUnitError(shown)


@lru_cache(maxsize=256)
def _factor(unit: str, into: str, in_words: bool = False) -> Decimal:
    try:
        # Words are letters alone: what else the library would compute is none of a unit.
        one = _registry().Quantity(1, unit) if in_words else _registry().from_ucum(unit)
        factor = one.to(_registry().from_ucum(into)).magnitude
        return Decimal(f"{float(factor):.15g}")
    except Exception as error:  # the library raises its parser's and its own errors, of several roots
        raise NoUnitError(unit) from error


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()
