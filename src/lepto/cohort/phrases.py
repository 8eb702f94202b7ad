"""Verdicts in words: of the few different things that are said of an action each is put into words once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lepto.cohort.resolution import AGAINST, NOTHING, OFFERED, Resolution, Verdicts
from lepto.errors import KnowledgeError

TOLD: Final = ("verdict", "bar", "missing", "rules")
_OUTCOME_BITS, _STRENGTH_BITS, _ALL_BITS = 2, 6, 63


class Phrases:
    """Numbers for what is said of actions, 0 where nothing is. In: the rules of the guideline."""

    def __init__(self, rules: Resolution) -> None:
        self.rules = rules
        self._numbers: dict[tuple[str, int], int] = {}
        self._said: list[tuple[str | None, ...]] = [(None,) * len(TOLD)]
        self._awaited = [0]
        self._table = self._as_table()

    @property
    def size(self) -> int:
        """How many numbers there are by now."""
        return len(self._said)

    @property
    def awaited(self) -> NDArray[np.int64]:
        """The facts that each phrase awaits, a bit a fact."""
        return np.array(self._awaited, dtype=np.int64)

    def numbers(self, verdicts: Verdicts) -> NDArray[np.int32]:
        """Return the number of what is said of one action to each patient.

        Raises KnowledgeError where more facts and rules bear on the action than can be told apart.
        """
        facts, rules = len(self.rules.facts), len(verdicts.rules)
        if _OUTCOME_BITS + _STRENGTH_BITS + facts + rules > _ALL_BITS:
            fault = f"{facts} facts and {rules} rules on {verdicts.action} are more than a table tells apart"
            raise KnowledgeError(f"{fault}; --by-sparql answers without tables")
        found = np.zeros(len(verdicts.outcome), dtype=np.int32)
        told = np.flatnonzero(verdicts.outcome != NOTHING)
        packed = verdicts.behind[told]
        for part, bits in (
            (verdicts.awaits, facts),
            (verdicts.strength, _STRENGTH_BITS),
            (verdicts.outcome, _OUTCOME_BITS),
        ):
            packed = packed << bits | part[told]
        different, first, where = np.unique(packed, return_index=True, return_inverse=True)
        numbers = [
            self._number(verdicts, key, int(told[at]))
            for key, at in zip(different.tolist(), first.tolist(), strict=True)
        ]
        found[told] = np.array(numbers, dtype=np.int32)[where]
        return found

    def words(self, numbers: NDArray[Any]) -> pl.DataFrame:
        """Return what numbers stand for, a row each, in the columns `TOLD`."""
        if len(self._table) < len(self._said):
            self._table = self._as_table()
        return self._table[numbers]

    def _as_table(self) -> pl.DataFrame:
        return pl.DataFrame(self._said, schema=dict.fromkeys(TOLD, pl.String), orient="row")

    def _number(self, verdicts: Verdicts, key: int, row: int) -> int:
        number = self._numbers.get((verdicts.action, key))
        if number is None:
            number = self._numbers[verdicts.action, key] = len(self._said)
            outcome, strength = int(verdicts.outcome[row]), self.rules.notations[int(verdicts.strength[row])]
            self._awaited.append(int(verdicts.awaits[row]))
            self._said.append(
                (
                    strength if outcome == OFFERED else "against" if outcome == AGAINST else "undetermined",
                    strength if outcome == AGAINST else None,
                    _named(self.rules.facts, int(verdicts.awaits[row])),
                    _named(verdicts.rules, int(verdicts.behind[row])),
                )
            )
        return number


def _named(names: Sequence[str], bits: int) -> str:
    """The names whose bits are set, sorted, as words in a row."""
    return " ".join(sorted(name for place, name in enumerate(names) if bits >> place & 1))
