"""What the pieces of an object in JSON say, where it is cut at every comma before a quote.

A piece that is plain is one whole member, or a part of a list whose brackets it opens and closes. Where all pieces of a
line are plain and follow each other as lists and courses allow, the line is the object of these members: JSON has no
other way to read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from lepto.cohort.arrays import Numbers
from lepto.cohort.coding import Coding
from lepto.cohort.plain import UnplainError
from lepto.cohort.texts import Texts

BEGINS: Final = "\1"
"""What stands for the opening brace of a course that follows another."""
OUTSIDE, IN_COURSE, AFTER_COURSE, IN_VALUES, NOWHERE = range(5)
UNPLAIN, IDENTIFIER = 0, 1
LONGEST: Final = 500
"""No piece that is plain has more characters."""
NO_FACT: Final = -1
_FIRST_COURSE: Final = re.compile(r'([A-Za-z]+)": ?\[\{"')
_MEMBER: Final = re.compile(r'([A-Za-z]+)": ?"([^"\\]*)"')
_FIRST_VALUE: Final = re.compile(r'([A-Za-z]+)": ?\["[^"\\]*"')
_VALUE: Final = re.compile(r'[^"\\]*"(\])?')
_ENDS: Final = {"}]": OUTSIDE, "}": AFTER_COURSE, "": IN_COURSE}


class Piece(NamedTuple):
    """Where a piece may stand and what follows; whether it opens a list of courses, or a course; the column of its fact
    and the number of the value. Facts of patients have the first columns, then comes the id, then facts of courses.
    """

    before: int = NOWHERE
    after: int = NOWHERE
    opens: bool = False
    begins: bool = False
    column: int = NO_FACT
    number: int = 0


@dataclass(frozen=True)
class Said:
    """What many pieces say, an array for each field of `Piece`."""

    before: Numbers
    after: Numbers
    opens: Numbers
    begins: Numbers
    column: Numbers
    number: Numbers


class Pieces:
    """The pieces that were met, each read once. In: the numbers of values."""

    def __init__(self, coding: Coding) -> None:
        self.coding, self.courses = coding, coding.course_lists
        # No piece of a line holds a line break, which stands for the id.
        self.texts = Texts(self._read, {"": Piece(), "\n": Piece(OUTSIDE, OUTSIDE, column=len(coding.facts))})

    def numbers(self, pieces: pl.Series) -> Numbers:
        """Return the number of each piece, the same for the same text."""
        is_long = pieces.str.len_bytes() > LONGEST
        return self.texts.numbers(pieces.set(is_long, "") if is_long.any() else pieces)

    def said(self, numbers: Numbers) -> Said:
        """Return what pieces say, given by their numbers."""
        return Said(*(told[numbers] for told in self.texts.said.T))

    def _read(self, text: str) -> Piece:
        try:
            if text.startswith(BEGINS):
                return self._of_course(text.removeprefix(BEGINS), AFTER_COURSE)
            first = _FIRST_COURSE.match(text)
            if first and first[1] == self.coding.courses:
                return self._of_course(text[first.end() :], OUTSIDE)
            if (value := _VALUE.fullmatch(text)) is not None:
                return Piece(IN_VALUES, OUTSIDE if value[1] else IN_VALUES)
            first = _FIRST_VALUE.fullmatch(text)
            if first and first[1] in self.coding.lists:
                return Piece(OUTSIDE, IN_VALUES)
            if text.partition('"')[0] in self.courses.facts:
                return self._of_course(text, IN_COURSE)
            number, column = divmod(self.coding.member(text.encode()), len(self.coding.facts))
            return Piece(OUTSIDE, OUTSIDE, column=column, number=number)
        except UnplainError:
            return Piece()

    def _of_course(self, text: str, before: int) -> Piece:
        end = next(end for end in _ENDS if text.endswith(end))
        member = _MEMBER.fullmatch(text.removesuffix(end))
        if member is None or member[1] not in self.courses.facts:
            raise UnplainError
        column = len(self.coding.facts) + 1 + self.courses.facts.index(member[1])
        number = self.courses.value(member[1], member[2])
        return Piece(before, _ENDS[end], before == OUTSIDE, before != IN_COURSE, column, number)
