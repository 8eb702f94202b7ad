"""One road over one cohort, in this process, so that time and memory are its own.

    python -m benchmarks.run FAMILY ROAD COHORT SECONDS ANSWERS

Prints how many patients were answered in how many seconds, and the most memory held (KiB), as JSON; the answers become
Parquet files in a folder. It loads nothing but the family of the road.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.roads.road import Road


def main() -> None:
    """Run the road that the command line names."""
    family, name, cohort, seconds, answers = sys.argv[1:]
    roads: tuple[Road, ...] = import_module(family).ROADS
    (run,) = (road.run for road in roads if road.name == name)
    measured = run(Path(cohort), float(seconds), Path(answers))
    print(json.dumps({**asdict(measured), "peak": _peak()}))


def _peak() -> int:
    """The most memory that this process, or one that it has waited for, held at once, in KiB.

    Linux counts in `ru_maxrss` what the process that started this one held, but not in VmHWM.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text() if status.exists() else "")
    own = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


if __name__ == "__main__":
    main()
