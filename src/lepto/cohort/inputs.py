"""All files of a cohort as slices, in the order in which the files are named.

What cannot be cut is put on disk first, so that a slice can be read by itself. The health records of all files are one
input, as for `lepto recommend`: its patients stand where the first resource does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from lepto.cohort import aside, charts, graphs
from lepto.cohort.disk import held, made
from lepto.cohort.job import JOURNAL, Job
from lepto.cohort.sources import SLICE_BYTES, Kind, Slice, Source, opened, slices
from lepto.cohort.work import Work
from lepto.errors import one_line
from lepto.facts import Fact
from lepto.knowledge import Knowledge
from lepto.read import Record, found_in
from lepto.read.fhir.bundles import Resource, lost
from lepto.read.json_text import Found, origin, read_line
from lepto.read.text import lines

PUT_ASIDE: Final = frozenset({Kind.WHOLE, Kind.CHARTS})
RECORDS_AT_ONCE: Final = 20_000
FIRST: Final = "CREATE TABLE first (file INTEGER, records INTEGER)"
"""In which file the first resource is, and how many records are before it."""


@dataclass(frozen=True)
class _Stretch:
    """What is numbered on disk, all of it or from one number to another, both included, and how much it weighs."""

    kind: Kind
    path: Path
    held: Path
    first: int
    last: int
    weight: int

    def slices(self, size: int | None) -> Iterator[Slice]:
        many = self.last - self.first + 1
        size = size or min(RECORDS_AT_ONCE, max(1, many * SLICE_BYTES // max(self.weight, 1)))
        for start in range(self.first, self.last + 1, size):
            end = min(start + size - 1, self.last)
            weight = self.weight * (end - start + 1) // many
            yield Slice(self.kind, self.path, start, end, start, weight, held=self.held)


def pieces_of(sources: Sequence[Source], job: Job, knowledge: Knowledge, size: int | None = None) -> Iterator[Slice]:
    """Yield the slices of a cohort, each of about so many bytes (of Parquet: rows, of what is put on disk: patients).

    Raises InputError for a file that cannot be used at all, and OutputError.
    """
    cut = {
        file: [*_cut(file, one, job, knowledge, size)] for file, one in enumerate(sources) if one.kind not in PUT_ASIDE
    }
    path = job.out / JOURNAL / "aside.sqlite"
    if len(cut) < len(sources) and not path.exists():
        _put_aside(sources, [piece for some in cut.values() for piece in some], job, knowledge, path)
    for file in range(len(sources)):
        if file in cut:
            yield from cut[file]
        else:
            yield from (piece for stretch in _stretches(file, sources, path) for piece in stretch.slices(size))


def _cut(file: int, one: Source, job: Job, knowledge: Knowledge, size: int | None) -> Iterator[Slice]:
    if one.kind is not Kind.GRAPH:
        return slices(one, size)
    path = job.out / JOURNAL / f"graph-{file:05}.sqlite"
    if not path.exists():
        graphs.put(one.path, knowledge.facts, path)
    return _Stretch(one.kind, one.path, path, 1, graphs.many_in(path), one.size).slices(size)


def _put_aside(sources: Sequence[Source], cut: Sequence[Slice], job: Job, knowledge: Knowledge, path: Path) -> None:
    """Put records and resources on disk. A record that cannot be read may be about anyone of whom there are resources,
    from whatever file it is.
    """
    with made(path) as tables:
        for statement in (aside.TABLE, *charts.TABLES, FIRST):
            tables.execute(statement)
        records, is_begun = 0, False
        for file, one in enumerate(sources):
            for found, line in _found(one, knowledge.facts) if one.kind in PUT_ASIDE else ():
                if isinstance(found, Record):
                    aside.put(tables, file, found)
                    records += 1
                    _put_lost(tables, [found])
                    continue
                if not is_begun:
                    tables.execute("INSERT INTO first VALUES (?, ?)", (file, records))
                is_begun = True
                charts.put(tables, found, line)
        if is_begun:
            work = Work(job, knowledge)
            for piece in cut:
                _put_lost(tables, [record for _, record in work.part(piece).others])
            charts.rank(tables, work.intaking)


def _found(one: Source, facts: Mapping[str, Fact]) -> Iterator[tuple[Found, bytes | None]]:
    """What is in a file, and the line that holds a resource and nothing else, if one does."""
    if one.kind is Kind.WHOLE:
        yield from ((found, None) for found in found_in(one.path, facts))
        return
    name = one_line(str(one.path))
    with opened(one.path) as stream:
        stream.seek(0)
        for line in lines(stream):
            for found in read_line(line, name, facts):
                is_whole = isinstance(found, Resource) and found.place == origin(line, name)
                yield found, line.content if is_whole else None


def _put_lost(tables: Connection, records: Sequence[Record]) -> None:
    for record in records:
        if not record.triples:
            charts.put(tables, lost(record.origin))


def _stretches(file: int, sources: Sequence[Source], path: Path) -> list[_Stretch]:
    """What of a file was put on disk; the patients of health records are where the first resource is."""
    with held(path) as tables:
        first, last = tables.execute("SELECT min(number), max(number) FROM record WHERE file = ?", (file,)).fetchone()
        begun = tables.execute("SELECT file, records FROM first").fetchone()
        patients = charts.many_in(tables) or int(charts.is_nobodys(tables)) if begun else 0
    first, last = (1, 0) if first is None else (first, last)
    weight = 0 if begun else sources[file].size
    if begun is None or begun[0] != file:
        return [_Stretch(Kind.WHOLE, sources[file].path, path, first, last, weight)]
    whole = sum(one.size for one in sources if one.kind in PUT_ASIDE)
    before = _Stretch(Kind.WHOLE, sources[file].path, path, first, begun[1], 0)
    return [
        before,
        _Stretch(Kind.CHARTS, sources[0].path, path, 1, patients, whole),
        replace(before, first=begun[1] + 1, last=last),
    ]
