"""Tables on disk, for what may not fit into memory: SQLite files that are whole or are not there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from lepto.cohort.outputs import OutputError
from lepto.errors import one_line

CACHE_KIB: Final = 64 * 1024
"""So much of a file of tables is held in memory, and so much is sorted at once."""


@contextmanager
def made(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend the tables of a new file, which has its name once all is in it, even after a failure of power.

    What is sorted on the way lies beside it. Raises OutputError.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as tables:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}", "temp_store=FILE"):
                tables.execute(f"PRAGMA {pragma}")
            tables.execute(f"PRAGMA temp_store_directory='{str(path.parent).replace(chr(39), 2 * chr(39))}'")
            tables.execute("BEGIN")
            yield tables
            tables.execute("COMMIT")
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    except (sqlite3.Error, OSError) as error:
        mend = "make room or name another folder; --resume goes on from what is finished"
        raise OutputError(str(path), f"it cannot be written ({one_line(str(error))})", mend) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend the tables of a file that nobody writes to any more."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as tables:
        yield tables
