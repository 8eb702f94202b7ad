"""Texts as numbers, the same for the same text, and what each of them says, which is read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lepto.cohort.arrays import Numbers
from lepto.cohort.plain import KEPT


class Texts:
    """The texts that were met. In: what reads one, and what those say that have the first numbers and are not read."""

    def __init__(self, read: Callable[[str], Any], first: Mapping[str, Any]) -> None:
        self._read, self._first = read, first
        self._begin()

    def _begin(self) -> None:
        self._categories = pl.Categories.random()
        # Polars forgets categories of which no series is left.
        self._held = pl.Series([*self._first], dtype=pl.Categorical(self._categories))
        self._said = [*self._first.values()]
        self._table = np.array(self._said, dtype=np.int64)

    def numbers(self, texts: pl.Series) -> Numbers:
        """Return the number of each text, 0 for null. Numbers hold until the next texts come."""
        if len(self._said) > KEPT:
            self._begin()
        found = texts.cast(self._held.dtype).to_physical().fill_null(0).to_numpy().astype(np.int64)
        for number in range(len(self._said), found.max(initial=0) + 1):
            self._said.append(self._read(str(self._categories[number])))
        if len(self._table) < len(self._said):
            self._table = np.array(self._said, dtype=np.int64)
        return found

    @property
    def said(self) -> NDArray[np.int64]:
        """What each number says, a row a number."""
        return self._table
