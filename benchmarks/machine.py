"""What a run was measured on: the machine, and the versions of what was run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import ROADS
from lepto.cohort.executors import cores

ALWAYS = ("lepto", "numpy", "polars", "pyoxigraph")


def named() -> dict[str, str | int]:
    """Return the machine: processor, cores, memory, system and Python."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory": f"{gibibytes:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(roads: Iterable[str]) -> dict[str, str]:
    """Return the version of each package that some roads run on."""
    found: dict[str, str] = {}
    for road in (ROADS[name] for name in roads):
        found |= road.versions()
    return dict(sorted({**{name: version(name) for name in ALWAYS}, **found}.items()))


def _processor() -> str:
    """The model that Linux names; elsewhere what Python knows."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown")
