"""Ids that are given more than once in a cohort: found by their hashes, told by the places at which they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from lepto.cohort.disk import held, made
from lepto.read.record import Shared

COUNTED: Final = """CREATE TABLE shared AS SELECT name, max(CASE rank WHEN 1 THEN stands END) AS first,
    max(CASE rank WHEN 2 THEN stands END) AS second, count(*) AS many
    FROM (SELECT name, stands, row_number() OVER (PARTITION BY name ORDER BY rowid) AS rank FROM place)
    GROUP BY name HAVING count(*) > 1"""


def repeated(hashes: Sequence[Any]) -> Any:
    """Return the hashes that are there more than once, sorted."""
    whole = np.concatenate([*hashes, np.zeros(0, dtype=np.uint64)])
    whole.sort()
    return np.unique(whole[1:][whole[1:] == whole[:-1]])


def among(hashes: Any, some: Any) -> Any:
    """Return which hashes are among some that are sorted."""
    return some[np.minimum(np.searchsorted(some, hashes), len(some) - 1)] == hashes if len(some) else hashes != hashes


def put(given: Iterable[tuple[str, str]], out: Path) -> None:
    """Put ids with their places, in the order of the cohort, on disk. Raises OutputError."""
    with made(out) as tables:
        tables.execute("CREATE TABLE place (name TEXT, stands TEXT)")
        tables.executemany("INSERT INTO place VALUES (?, ?)", given)
        tables.execute(COUNTED)
        tables.execute("CREATE INDEX shared_of ON shared (name)")
        tables.execute("DROP TABLE place")


def shared_among(names: Sequence[str], path: Path) -> dict[str, Shared]:
    """Return which of some names are given more than once, as was put on disk."""
    with held(path) as tables:
        return dict(_found(tables, names))


def _found(tables: Any, names: Sequence[str]) -> Iterator[tuple[str, Shared]]:
    for name in names:
        for row in tables.execute("SELECT first, second, many FROM shared WHERE name = ?", (name,)):
            yield name, Shared(*row)
