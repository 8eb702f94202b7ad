"""Packages of examples and definitions, fetched from the npm registry by name and version; nothing of them is kept."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS = 300

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="packages are fetched with npm, which is not here")


def files_of(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of every JSON file of a package (name@version)."""
    done = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=True
    )
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".json") else None
            if file is not None:
                yield member.name, file.read()
