"""Debian packages, unpacked where tests may use them: nothing is installed, and nobody has to be root."""

from __future__ import annotations

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
    folder = cache / "-".join(packages)
    if folder.exists():
        return folder
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        pytest.skip(f"{' '.join(packages)}: there is no apt here")
    with tempfile.TemporaryDirectory(dir=cache) as place:
        _fetch(packages, Path(place))
        for package in Path(place).glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, f"{place}/root"], check=True)
        Path(place, "root").mkdir(exist_ok=True)
        if not folder.exists():
            Path(place, "root").rename(folder)
    return folder


def environment(root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which programs and shared libraries are looked for under an unpacked folder first."""
    libraries = [str(path) for path in (*root.glob("lib/*-linux-*"), *root.glob("usr/lib/*-linux-*"))]
    return {**given, "PATH": f"{root}/usr/bin:{given['PATH']}", "LD_LIBRARY_PATH": ":".join(libraries)}


def _fetch(packages: list[str], place: Path) -> None:
    """Download the packages into a folder, by fresh lists that are kept there too."""
    (place / "lists" / "partial").mkdir(parents=True)
    own = ("-o", f"Dir::State::lists={place}/lists", "-o", f"Dir::Cache={place}")
    _apt("update", "-o", "APT::Update::Error-Mode=any", *own, cwd=place)
    install = ("install", "--simulate", "--no-install-recommends", *own, *packages)
    lacking = _named(_apt(*install, cwd=place))
    all_of_them = _named(_apt(*install, "-o", "Dir::State::status=/dev/null", cwd=place))
    wanted = {*lacking, *(name for name in all_of_them if name.endswith("-java"))}
    if wanted:
        _apt("download", *own, *sorted(wanted), cwd=place)


def _named(told: str) -> list[str]:
    """The packages that apt says it would install."""
    return [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]


def _apt(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["apt-get", *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == 0:
        return done.stdout
    fault = f"apt-get {arguments[0]} failed: {done.stderr.strip()}"
    if "CI" in os.environ and not any(word in done.stderr for word in NO_NETWORK):
        pytest.fail(fault)
    pytest.skip(fault)
