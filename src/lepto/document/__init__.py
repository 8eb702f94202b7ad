"""The decision table as a document that a clinician can review: pages and pictures, made from the graph alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lepto.document.cases import Cases
from lepto.document.errors import DocumentError
from lepto.document.folder import put, refuse_foreign
from lepto.document.pages import MARK, Pages
from lepto.knowledge import Knowledge

__all__ = ["DocumentError", "document", "files"]


def files(knowledge: Knowledge, out: Path, cases: Path | None = None) -> Mapping[str, str]:
    """Return the text of every file of the document by its path in `out`, the folder for which links to the cases are
    made; nothing is written. Raises DocumentError for cases that cannot be used.
    """
    if cases is None:
        return Pages(knowledge).files()
    way = Path(os.path.relpath(cases.resolve(), out.resolve())).as_posix()
    return Pages(knowledge, Cases(knowledge, cases), way).files()


def document(knowledge: Knowledge, out: Path, cases: Path | None = None) -> int:
    """Write the document into a folder that is new, empty, or holds an older one; return the number of files.

    Raises DocumentError, and leaves the folder as it was, when that cannot be done.
    """
    refuse_foreign(out, MARK)
    made = files(knowledge, out, cases)
    put(made, out, MARK)
    return len(made)
