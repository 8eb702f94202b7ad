"""Put a document into a folder: whole or not at all, and never over files that are not the document's own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lepto.document.errors import DocumentError

BEGINNING = 200


def put(files: Mapping[str, str], folder: Path, mark: str) -> None:
    """Write files into a folder that is new, empty, or holds an older document, which they replace.

    In: texts by their paths in the folder, the folder, and the mark by which every file of a document is known. The
    files are written beside the folder first and moved when all are there. Raises DocumentError, and leaves everything
    as it was, when the folder cannot be written or holds a file without the mark.
    """
    folder = refuse_foreign(folder, mark)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
            new, old = Path(beside) / "new", Path(beside) / "old"
            for path, text in files.items():
                place = new / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(text.encode())
            _swap(new, folder, old)
    except OSError as error:
        raise DocumentError(f"{folder}: {error.strerror}; give a folder that can be written") from error


def refuse_foreign(folder: Path, mark: str) -> Path:
    """Return the folder itself, behind whatever links; raise DocumentError where a document cannot go: into a file, or
    a folder that holds anything without the mark near its beginning.
    """
    folder = folder.resolve()
    if not folder.parent.is_dir():
        raise DocumentError(f"{folder.parent}: there is no such folder; make it first")
    if folder.exists() and not folder.is_dir():
        raise DocumentError(f"{folder}: this is a file; give a folder")
    if not os.access(folder.parent, os.W_OK):
        raise DocumentError(f"{folder.parent}: this folder cannot be written; give another")
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or (path.is_file() and mark.encode() not in path.read_bytes()[:BEGINNING]):
                raise DocumentError(f"{path}: this file is no part of a document; give a new or an empty folder")
    except OSError as error:
        raise DocumentError(f"{folder}: {error.strerror}; give a folder that can be read") from error
    return folder


def _swap(new: Path, folder: Path, old: Path) -> None:
    """Move the new folder to its place; the old one comes back when that fails."""
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.copymode(old, folder)
