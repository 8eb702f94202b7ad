"""Numbers with units: UCUM conversion, by a library that is loaded only where units differ."""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

DIGITS = 12
"""Significant digits of a converted number: the conversion is by floating point."""


class NoUnitError(ValueError):
    """A unit that is no UCUM, or of another dimension."""


def converted(number: Decimal, unit: str, into: str) -> Decimal:
    """Return a number in another unit (both UCUM). Raises NoUnitError."""
    if unit == into:
        return number
    return Decimal(f"{number * _factor(unit, into):.{DIGITS}g}")


@lru_cache(maxsize=256)
def _factor(unit: str, into: str) -> Decimal:
    try:
        factor = _registry().from_ucum(unit).to(_registry().from_ucum(into)).magnitude
        return Decimal(f"{float(factor):.15g}")
    except Exception as error:  # the library raises its parser's and its own errors, of several roots
        raise NoUnitError(unit) from error


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()
