"""Some patients of a cohort, as numbers where they are plain and as records where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, overload

import numpy as np

from lepto.cohort.arrays import Bits, Codes, Rows
from lepto.cohort.resolution import MET, NOT_MET, OPEN
from lepto.errors import InputError, one_line
from lepto.finding import Finding
from lepto.read import Record
from lepto.read.record import Shared, refused_if_shared

UNTOLD: Final = np.int8(-1)
WORDS: Final = {int(MET): "met", int(OPEN): "unknown", int(NOT_MET): "not-met", int(UNTOLD): "not told"}


@dataclass(frozen=True)
class Told:
    """What the source itself derives of the patients of a part, place by place: the `codes` of criteria and rules."""

    source: str
    codes: Mapping[str, Codes]

    def taken(self, ours: Mapping[str, Codes], places: Bits, names: Sequence[str]) -> dict[str, Codes]:
        """Return what the source tells of some places in place of what is derived here. Raises InputError where the two
        are not the same: somebody reads a fact in a way of his own, and nobody can say who is right.
        """
        taken = {}
        for name, codes in ours.items():
            there = self.codes[name][places] if name in self.codes else np.full(len(places), UNTOLD)
            for row in np.flatnonzero(there != codes)[:1].tolist():
                about = f"patient {one_line(names[places[row]])}"
                fault = f"{name} is {WORDS[int(there[row])]} there, and here by the same facts {WORDS[int(codes[row])]}"
                mend = "how engines read numbers is in docs/endpoints.md; lepto validate tells what to state otherwise"
                raise InputError(self.source, about, fault, mend)
            taken[name] = there
        return taken


@dataclass(frozen=True)
class Origins(Sequence[str]):
    """Where each patient is stated: file and place, put into words when somebody asks."""

    name: str
    unit: str
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Origins: ...

    def __getitem__(self, place: int | slice) -> str | Origins:
        if isinstance(place, slice):
            return replace(self, numbers=self.numbers[place])
        return f"{self.name} {self.unit} {self.numbers[place]}"


@dataclass(frozen=True)
class Part:
    """Some patients of a cohort, in their order.

    `names` are all, and `origins` where each is stated; `plain` are the places of those who have `rows` of numbers;
    `others` are the records of the rest, by their places; `told` is what the source derives, where it can; `warnings`
    are what reading found of those who have rows, by their places.
    """

    names: Sequence[str]
    origins: Sequence[str]
    plain: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    others: Sequence[tuple[int, Record]] = ()
    told: Told | None = None
    warnings: Sequence[tuple[int, Finding]] = ()

    def with_shared_ids_refused(self, shared: Mapping[str, Shared]) -> Part:
        """Return the part with everyone refused whose id is given more than once in the cohort."""
        if not shared:
            return self
        records = dict(self.others)
        of_plain = [place for place in self.plain.tolist() if self.names[place] in shared]
        found: dict[int, tuple[Finding, ...]] = dict.fromkeys(of_plain, ())
        for place, finding in self.warnings:
            if place in found:
                found[place] += (finding,)
        records |= {place: Record(self.names[place], self.origins[place], (), some) for place, some in found.items()}
        others = [(place, refused_if_shared(records[place], shared)) for place in sorted(records)]
        kept = ~np.isin(self.plain, of_plain)
        warnings = [one for one in self.warnings if one[0] not in found]
        return replace(self, plain=self.plain[kept], rows=self.rows[kept], others=others, warnings=warnings)
