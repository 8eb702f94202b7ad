"""Some patients of a cohort, as numbers where they are plain and as records where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np

from lepto.cohort.criteria import Rows
from lepto.cohort.resolution import Bits
from lepto.read import Record
from lepto.read.record import refused_if_shared


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
    `others` are the records of the rest, by their places.
    """

    names: Sequence[str]
    origins: Sequence[str]
    plain: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rows: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    others: Sequence[tuple[int, Record]] = ()

    def with_shared_ids_refused(self, shared: Mapping[str, Sequence[str]]) -> Part:
        """Return the part with everyone refused whose id is given more than once in the cohort.

        In: the places at which each such id is given, in the order of the cohort.
        """
        if not shared:
            return self
        records = dict(self.others)
        of_plain = [place for place in self.plain.tolist() if self.names[place] in shared]
        records |= {place: Record(self.names[place], self.origins[place], (), ()) for place in of_plain}
        others = [
            (place, refused_if_shared(record, shared[record.patient]) if record.patient in shared else record)
            for place, record in sorted(records.items(), key=lambda item: item[0])
        ]
        kept = ~np.isin(self.plain, of_plain)
        return replace(self, plain=self.plain[kept], rows=self.rows[kept], others=others)
