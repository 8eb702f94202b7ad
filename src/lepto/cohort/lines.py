"""Lines of NDJSON to a part of a cohort: those that are plain become numbers, the others are read strictly.

A slice is taken apart at once, by columns: lines into pieces, pieces into what they say (`lepto.cohort.pieces`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from lepto.cohort.answering import Answering
from lepto.cohort.arrays import Flags, Rows
from lepto.cohort.courses import UNPLAIN as UNPLAIN_LIST
from lepto.cohort.part import Origins, Part
from lepto.cohort.pieces import BEGINS, IDENTIFIER, IN_VALUES, NO_FACT, OUTSIDE, UNPLAIN
from lepto.cohort.plain import UnplainError
from lepto.errors import InputError
from lepto.facts import Fact
from lepto.read import Record
from lepto.read.json_text import origin, parsed
from lepto.read.limits import LINE_BYTES
from lepto.read.record import refused, violation
from lepto.read.stated import record
from lepto.read.text import Line

ID: Final = 'id":'
PLAIN_ID: Final = r'^id": ?"([!#-\[\]-~](?:[ !#-\[\]-~]{0,98}[!#-\[\]-~])?)"$'
BYTES: Final = "latin-1"
"""A byte a character: text and bytes are cut at the same places, and every byte comes back."""


def part_of_lines(answering: Answering, data: bytes, name: str, first: int) -> Part:
    """Return the patients on some lines of a file, of which the first has the number `first`."""
    lines = data.split(b"\n")
    bare = pl.Series([_compact(data).decode(BYTES)]).str.split("\n").explode()
    whole = bare.str.starts_with('{"') & bare.str.ends_with("}")
    if answering.by_sparql:
        whole &= False
    elif BEGINS.encode() in data:
        whole &= pl.Series([BEGINS.encode() not in line for line in lines])
    members = Members(answering, bare.filter(whole).str.strip_prefix('{"').str.strip_suffix("}"))
    plain = np.flatnonzero(whole.to_numpy())[members.plain]
    strict = np.setdiff1d(np.arange(len(lines)), plain, assume_unique=True).tolist()
    strict = [place for place in strict if lines[place].strip(b" \t\r")]
    held = np.sort(np.concatenate([plain, np.array(strict, dtype=np.int64)]))
    origins = Origins(name, "line", (held + first).tolist())
    names = np.empty(len(held), dtype=object)
    is_plain = np.isin(held, plain, assume_unique=True)
    names[is_plain] = members.patients
    others = []
    for place, line in zip(np.flatnonzero(~is_plain).tolist(), strict, strict=True):
        others.append((place, _strict(lines[line], first + line, name, answering.knowledge.facts)))
        names[place] = others[-1][1].patient
    return Part(names.tolist(), origins, np.flatnonzero(is_plain), members.rows, others)


def _compact(data: bytes) -> bytes:
    """The lines without spaces after commas, and with the marks of courses.

    Where a comma before a quote is not one between members, a piece that ends there is not plain, with a space or
    without it.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b', "' in data:
        data = data.replace(b', "', b',"').replace(b'}, {"', b'},{"')
    return data.replace(b'},{"', b'},"' + BEGINS.encode())


class Members:
    """What stands between the braces of some lines, as numbers.

    In: the answering, and the text of each line. Out: which lines are `plain`, and of these the ids of `patients` and
    their `rows`.
    """

    def __init__(self, answering: Answering, texts: pl.Series) -> None:
        self.coding, self.many = answering.coding, len(texts)
        split = texts.str.split(',"')
        lengths = split.list.len().to_numpy().astype(np.int64)
        self._pieces = split.explode()
        is_id = self._pieces.str.starts_with(ID)
        ids = self._pieces.filter(is_id).str.extract(PLAIN_ID)
        numbers = np.empty(len(self._pieces), dtype=np.int64)
        numbers[is_id.to_numpy()] = np.where(ids.is_not_null().to_numpy(), IDENTIFIER, UNPLAIN)
        numbers[~is_id.to_numpy()] = answering.pieces.numbers(self._pieces.filter(~is_id))
        self._line, self._end = np.repeat(np.arange(self.many), lengths), np.cumsum(lengths)
        self._said = answering.pieces.said(numbers)
        self.plain = self._follow()
        self._read_values()
        self._read_courses()
        self.rows = self._laid_out()
        self.patients = ids.filter(pl.Series(self.plain[self._line[is_id.to_numpy()]])).to_list()

    def _follow(self) -> Flags:
        """Which lines have no piece where it may not stand."""
        before, after = self._said.before, self._said.after
        allowed = np.concatenate([[OUTSIDE], after])
        ended: Flags = allowed[self._end] == OUTSIDE
        allowed[self._end] = OUTSIDE
        misplaced: Flags = np.bincount(self._line[before != allowed[:-1]], minlength=self.many) > 0
        return ended & ~misplaced

    def _read_values(self) -> None:
        """Read each list of values as one member."""
        said, kept = self._said, self.plain[self._line]
        first = np.flatnonzero(kept & (said.before == OUTSIDE) & (said.after == IN_VALUES)).tolist()
        last = np.flatnonzero(kept & (said.before == IN_VALUES) & (said.after == OUTSIDE)).tolist()
        for start, end in zip(first, last, strict=True):
            text = ',"'.join(self._pieces[start : end + 1])
            try:
                said.number[start], said.column[start] = divmod(self.coding.member(text.encode()), self._width)
            except UnplainError:
                self.plain[self._line[start]] = False

    def _read_courses(self) -> None:
        """Read each list of courses, whose number takes the place of the first of its pieces."""
        said, lists = self._said, self.coding.course_lists
        told = np.flatnonzero(self.plain[self._line] & (said.column > self._width))
        begins, opens = told[said.begins[told] == 1], told[said.opens[told] == 1]
        fields = len(lists.facts)
        at = (np.cumsum(said.begins[told]) - 1) * fields + said.column[told] - self._width - 1
        courses = np.zeros(len(begins) * fields, dtype=np.int64)
        courses[at] = said.number[told]
        courses[np.bincount(at, minlength=len(courses)) > 1] = UNPLAIN_LIST
        numbers = lists.numbers(np.cumsum(said.opens[begins]) - 1, courses.reshape(-1, fields), len(opens))
        self.plain[self._line[opens[numbers == UNPLAIN_LIST]]] = False
        said.column[told] = NO_FACT
        said.column[opens], said.number[opens] = self.coding.place(lists.name), numbers

    def _laid_out(self) -> Rows:
        """Lay out what is told, and leave out the lines that tell a fact twice, or not one id."""
        said, columns = self._said, self._width + 1
        told = np.flatnonzero(self.plain[self._line] & (said.column != NO_FACT))
        at = self._line[told] * columns + said.column[told]
        times = np.bincount(at, minlength=self.many * columns).reshape(-1, columns)
        self.plain &= (times.max(axis=1, initial=0) == 1) & (times[:, self._width] == 1)
        rows = np.zeros(self.many * columns, dtype=np.int32)
        rows[at] = said.number[told]
        return rows.reshape(-1, columns)[self.plain, : self._width]

    @property
    def _width(self) -> int:
        return len(self.coding.facts)


def _strict(content: bytes, number: int, name: str, facts: Mapping[str, Fact]) -> Record:
    """The record of a line as `lepto recommend` reads it; a line that is no UTF-8 costs itself alone."""
    line = Line(number, 0, content if len(content) <= LINE_BYTES else None)
    place = origin(line, name)
    try:
        stated = parsed(line, name)
    except InputError:
        return refused(place, [violation(place, "the line is not UTF-8", "save it as UTF-8")])
    return stated if isinstance(stated, Record) else record(stated, place, facts)
