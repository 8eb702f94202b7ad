"""Rows of a CSV table to a part of a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import numpy as np

from lepto.cohort.answering import Answering
from lepto.cohort.coding import Coding
from lepto.cohort.courses import UNPLAIN
from lepto.cohort.part import Origins, Part
from lepto.cohort.plain import KEPT, PLAIN_ID, UnplainError
from lepto.read import Record
from lepto.read.csv_table import record_of, rows_of
from lepto.read.stated import ID
from lepto.read.text import decode


class Cells:
    """The codes of cells, remembered. In: the coding, and the names of the columns."""

    def __init__(self, coding: Coding, header: Sequence[str]) -> None:
        self.coding, self.header = coding, header
        self._known: list[dict[str, int]] = [{} for _ in header]

    def codes(self, row: Sequence[str], identifier: int) -> list[int] | None:
        """Return the codes of the cells of a row that are not empty; None where the row must be read strictly."""
        if len(row) != len(self.header):
            return None
        found = [self._code(column, cell) for column, cell in enumerate(row) if cell and column != identifier]
        return None if UNPLAIN in found else found

    def _code(self, column: int, cell: str) -> int:
        known = self._known[column]
        code = known.get(cell)
        if code is None:
            try:
                code = self.coding.cell(self.header[column], cell)
            except UnplainError:
                code = UNPLAIN
            if len(known) == KEPT:
                known.clear()
            known[cell] = code
        return code


def part_of_cells(answering: Answering, data: bytes, columns: Sequence[str], name: str, start: int, first: int) -> Part:
    """Return the patients of some rows of a table.

    In: the bytes of the rows, which stand at `start` in the file and of which the first is on line `first`; the names
    of the columns. Raises InputError where the bytes are not UTF-8, or where the quoting is at fault.
    """
    rows = rows_of(StringIO(decode(data, name, start), newline=""), name, first)
    identifier = columns.index(ID)
    cells = Cells(answering.coding, columns)
    names: list[str] = []
    numbers: list[int] = []
    origins = Origins(name, "line", numbers)
    others: list[tuple[int, Record]] = []
    codes: list[int] = []
    lengths: list[int] = []
    plain: list[int] = []
    for place, (number, row) in enumerate(rows):
        numbers.append(number)
        found = None if answering.by_sparql else cells.codes(row, identifier)
        if found is None or not PLAIN_ID.fullmatch(b'"%s"' % row[identifier].encode()):
            record = record_of(columns, row, origins[place], answering.knowledge.facts)
            others.append((place, record))
            names.append(record.patient)
        else:
            names.append(row[identifier])
            plain.append(place)
            lengths.append(len(found))
            codes += found
    numbered, _ = answering.coding.rows(codes, lengths)
    return Part(names, origins, np.array(plain, dtype=np.int64), numbered, others)
