"""From a whole table of combinations to the few conditions that say the same."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from operator import or_

Point = tuple[Hashable, ...]
Box = tuple[frozenset[Hashable], ...]


def cover(domains: Sequence[Sequence[Hashable]], results: Mapping[Point, str], wanted: str) -> list[Box]:
    """Return boxes (a set of values for each domain) that hold all points with the wanted result and none with another.

    In: the values of each domain, and the result of every point that can occur; what cannot occur may fall in any box.
    Each box is as wide as it can be, and none is superfluous; the same table gives the same boxes.
    """
    table = _Table(domains, results)
    good = table.having(wanted)
    bad = table.everything & ~good
    boxes: list[Box] = []
    left = good
    while left:
        boxes.append(table.widened(table.points[(left & -left).bit_length() - 1], bad))
        left &= ~table.inside(boxes[-1])
    for box in reversed(boxes.copy()):
        others = reduce(or_, (table.inside(other) for other in boxes if other is not box), 0)
        if not good & ~others:
            boxes.remove(box)
    return boxes


class _Table:
    """The points as bits of whole numbers, so that a set of points is one number."""

    def __init__(self, domains: Sequence[Sequence[Hashable]], results: Mapping[Point, str]) -> None:
        self.domains = domains
        self.results = results
        self.points = list(results)
        self.everything = (1 << len(self.points)) - 1
        self.masks: list[dict[Hashable, int]] = [dict.fromkeys(domain, 0) for domain in domains]
        for number, point in enumerate(self.points):
            for mask, value in zip(self.masks, point, strict=True):
                mask[value] |= 1 << number

    def having(self, wanted: str) -> int:
        return sum(1 << number for number, point in enumerate(self.points) if self.results[point] == wanted)

    def inside(self, box: Box) -> int:
        found = self.everything
        for mask, values in zip(self.masks, box, strict=True):
            found &= reduce(or_, (mask[value] for value in values))
        return found

    def widened(self, point: Point, bad: int) -> Box:
        """The box around a point: first what need not be looked at, then value by value."""
        box: Box = tuple(frozenset({value}) for value in point)
        for place, domain in enumerate(self.domains):
            box = self._tried(box, place, frozenset(domain), bad)
        for place, domain in enumerate(self.domains):
            for value in domain:
                box = self._tried(box, place, box[place] | {value}, bad)
        return tuple(self._occurring(box, place) for place in range(len(box)))

    def _occurring(self, box: Box, place: int) -> frozenset[Hashable]:
        """What a box says of a domain, less the values that never occur in the box; or all of them, as it was."""
        if len(box[place]) == len(self.domains[place]):
            return box[place]
        inside = self.inside(box)
        return frozenset(value for value in box[place] if self.masks[place][value] & inside)

    def _tried(self, box: Box, place: int, values: frozenset[Hashable], bad: int) -> Box:
        wider = (*box[:place], values, *box[place + 1 :])
        return box if self.inside(wider) & bad else wider
