"""What a road takes: time, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import FAMILY

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Took:
    """What a road took over a cohort of a size: patients answered, seconds once it was ready, seconds of the whole
    process, and the most memory that it or a process of its held, in MiB.
    """

    road: str
    size: int
    patients: int
    seconds: float
    whole: float
    peak: float

    @property
    def rate(self) -> float:
        """Patients a second, once the road is ready."""
        return self.patients / self.seconds


class RoadError(Exception):
    """A road broke down; the message is the last that it said."""


def take(road: str, size: int, cohort: Path, seconds: float, answers: Path) -> Took:
    """Run a road in a process of its own."""
    answers.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.run", FAMILY[road], road, str(cohort), str(seconds), str(answers)]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    whole = time.perf_counter() - begun
    if done.returncode:
        raise RoadError(f"{road}: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Took(road, size, told["patients"], told["seconds"], whole, told["peak"] / 1024)
