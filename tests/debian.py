"""Debian packages, unpacked where tests may use them: nothing is installed, and nobody has to be root."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

NO_NETWORK = ("Could not resolve", "Could not connect", "Unable to connect", "Temporary failure", "unreachable")


def unpacked(packages: list[str], cache: Path) -> Path:
    """Return a folder in the cache with the packages and whatever of theirs the machine lacks, as under `/`.

    Of Java libraries all are there, so that a class path can be named. Skips the test, saying why, where there is no
    apt or no network; in continuous integration any other failure is an error.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        pytest.skip(f"{' '.join(packages)}: there is no apt here")
    private = _lists(packages, cache)
    empty = ("-o", "Dir::State::status=/dev/null")
    libraries = [name for name in _lacking(packages, *private, *empty) if name.endswith("-java")]
    wanted = sorted({*_lacking(packages, *private), *libraries})
    folder = cache / hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:16]
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache) as place:
            _apt("download", *private, *wanted, cwd=Path(place))
            for package in Path(place).glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", package, f"{place}/root"], check=True)
            Path(place, "root").mkdir(exist_ok=True)
            if not folder.exists():
                Path(place, "root").rename(folder)
    return folder


def environment(root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which programs and shared libraries are looked for under an unpacked folder first."""
    libraries = [str(path) for path in (*root.glob("lib/*-linux-*"), *root.glob("usr/lib/*-linux-*"))]
    path = f"{root}/usr/bin:{given['PATH']}"
    return {**given, "PATH": path, "LD_LIBRARY_PATH": ":".join(libraries)}


def _lists(packages: list[str], cache: Path) -> tuple[str, ...]:
    """Return the options under which apt knows the packages: none, or those for lists of our own, fetched now."""
    known = subprocess.run(["apt-cache", "show", *packages], capture_output=True, check=False).returncode == 0
    if known:
        return ()
    (cache / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    private = ("-o", f"Dir::State::lists={cache}/lists", "-o", f"Dir::Cache={cache}")
    _apt("update", *private, cwd=cache)
    return private


def _lacking(packages: list[str], *options: str) -> list[str]:
    """Return what apt would install."""
    told = _apt("install", "--simulate", "--no-install-recommends", *options, *packages, cwd=Path())
    return [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]


def _apt(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["apt-get", *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == 0:
        return done.stdout
    fault = f"apt-get {arguments[0]} failed: {done.stderr.strip()}"
    if "CI" in os.environ and not any(word in done.stderr for word in NO_NETWORK):
        pytest.fail(fault)
    pytest.skip(fault)
