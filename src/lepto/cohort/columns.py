"""Rows of a Parquet file to a part of a cohort, a column at a time.

A column is named after its fact. Null is not stated; a list is a list, or JSON text; a course is a struct.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import polars as pl
import polars.selectors as cs

from lepto.cohort.answering import Answering
from lepto.cohort.arrays import Bits
from lepto.cohort.coding import Coding
from lepto.cohort.courses import UNPLAIN
from lepto.cohort.part import Origins, Part
from lepto.cohort.plain import UnplainError
from lepto.cohort.texts import Texts
from lepto.errors import InputError, one_line
from lepto.read import Record
from lepto.read.csv_table import check_header
from lepto.read.stated import ID, record
from lepto.read.strict_json import NotJsonError, Number, Object, Value, parse
from lepto.vocabulary import XSD_BOOLEAN, XSD_DECIMAL, XSD_INTEGER

PLAIN_ID: Final = r"^[!#-~](?:[ !#-~]{0,98}[!#-~])?$"


def part_of_columns(answering: Answering, path: Path, start: int, end: int) -> Part:
    """Return the patients of some rows of a Parquet file. Raises InputError where it cannot be read."""
    name = one_line(str(path))
    try:
        table = _as_written(pl.scan_parquet(path, glob=False).slice(start, end - start).collect())
    except (pl.exceptions.PolarsError, OSError) as error:
        fault = f"the rows {start + 1} to {end} cannot be read ({str(error).splitlines()[0]})"
        raise InputError(name, "the file", fault, "write it anew") from None
    check_header(table.columns, name, 1)
    origins = Origins(name, "row", range(start + 1, end + 1))
    rows, plain = _numbers(answering, table)
    names = table[ID].cast(pl.String, strict=False).to_list() if plain.any() else [""] * len(table)
    others: list[tuple[int, Record]] = []
    for place in np.flatnonzero(~plain).tolist():
        taken = record(_stated(table.row(place, named=True), answering), origins[place], answering.knowledge.facts)
        others.append((place, taken))
        names[place] = taken.patient
    return Part(names, origins, np.flatnonzero(plain), rows[plain], others)


def _as_written(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose short floats are the numbers as which they are written: 0.051, and not 0.050999999046325684."""
    return table.with_columns((cs.float() - cs.by_dtype(pl.Float64)).cast(pl.String).cast(pl.Float64))


def _numbers(answering: Answering, table: pl.DataFrame) -> tuple[Any, Any]:
    """The numbers of every row, and which rows are plain throughout."""
    coding = answering.coding
    rows = np.zeros((len(table), len(coding.facts)), dtype=np.int32)
    named = table[ID].dtype == pl.String and not answering.by_sparql
    plain = (
        table[ID].str.contains(PLAIN_ID).fill_null(value=False).to_numpy() if named else np.zeros(len(table), np.bool_)
    )
    for name in table.columns:
        if name == ID:
            continue
        codes = _codes(answering, name, table[name])
        plain &= codes != UNPLAIN
        if name in coding.facts:
            rows[:, coding.place(name)] = np.maximum(codes, 0) // len(coding.facts)
    return rows, plain


def _codes(answering: Answering, name: str, column: pl.Series) -> Bits:
    """The code of each value of a column; 0 (silence) for null, -1 where it is not plain."""
    coding, dtype = answering.coding, column.dtype
    if name == coding.courses and isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        numbers = _courses(answering, column)
        return np.where(numbers == UNPLAIN, UNPLAIN, numbers * len(coding.facts) + coding.place(name))
    if name in coding.lists and isinstance(dtype, pl.List) and _is_text(dtype.inner):
        texts = column.to_frame("v").select(pl.struct("v").struct.json_encode()).to_series().set(column.is_null(), None)
        return _by_text(answering, f"{name}[]", texts, lambda text: coding.code(name, orjson.loads(text)["v"]))
    if name not in coding.facts or not _fits(coding, name, dtype):
        return _all_unplain(column)
    return _by_text(answering, name, column.cast(pl.String), lambda text: coding.cell(name, text))


def _fits(coding: Coding, name: str, dtype: pl.DataType) -> bool:
    """Whether a type is that of a fact; that of a list is JSON text."""
    if name in coding.lists:
        return dtype == pl.String
    fits: Mapping[str | None, bool] = {
        None: _is_text(dtype),
        XSD_BOOLEAN: dtype == pl.Boolean,
        XSD_INTEGER: dtype.is_integer(),
        XSD_DECIMAL: dtype.is_numeric(),
    }
    return fits[coding.knowledge.facts[name].datatype]


def _is_text(dtype: Any) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def _by_text(answering: Answering, name: str, texts: pl.Series, number: Callable[[str], int]) -> Bits:
    """The number of each text of what has a name, asked once for every different one; 0 for null, -1 where there is
    none.
    """

    def asked(text: str) -> int:
        try:
            return number(text)
        except UnplainError:
            return UNPLAIN

    if name not in answering.texts:
        answering.texts[name] = Texts(asked, {"": UNPLAIN})
    found = answering.texts[name]
    numbers = found.numbers(texts)
    return np.where(texts.is_null().to_numpy(), 0, found.said[numbers])


def _all_unplain(column: pl.Series) -> Bits:
    return np.where(column.is_not_null().to_numpy(), UNPLAIN, 0)


def _courses(answering: Answering, column: pl.Series) -> Bits:
    """The number of each list of courses, a struct each; -1 for one that is not plain."""
    lists = answering.coding.course_lists
    lengths = column.list.len().fill_null(0).to_numpy()
    courses = column.filter(pl.Series(lengths > 0)).explode()
    values = np.zeros((len(courses), len(lists.facts)), dtype=np.int64)
    unplain = courses.is_null().to_numpy().copy()
    for field in courses.struct.fields:
        told = courses.struct.field(field)
        if field in lists.facts and (_is_text(told.dtype) or told.dtype == pl.Date):
            found = _by_text(answering, field, told.cast(pl.String), partial(lists.value, field))
            values[:, lists.facts.index(field)] = found
        else:
            unplain |= told.is_not_null().to_numpy()
    values[unplain] = UNPLAIN
    return lists.numbers(np.repeat(np.arange(len(column)), lengths), values, len(column))


def _stated(row: Mapping[str, Any], answering: Answering) -> Object:
    """A row as an object that a JSON file would hold."""
    lists = answering.coding.lists
    pairs = []
    for name, value in row.items():
        if value is not None:
            pairs.append((name, _listed(value) if name in lists and isinstance(value, str) else _value(value)))
    return Object(tuple(pairs))


def _listed(text: str) -> Value:
    try:
        return parse(text)
    except NotJsonError:
        return text


def _value(value: Any) -> Value:
    if isinstance(value, dict):
        return Object(tuple((key, _value(one)) for key, one in value.items() if one is not None))
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int | float) and value == value and abs(value) != float("inf"):
        return Number(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        return Number(f"{value:f}")
    return value.isoformat() if isinstance(value, date) else str(value)
