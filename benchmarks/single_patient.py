"""How long one patient takes, cold and warm, beside what a user would compare it with, all in one run.

    python benchmarks/single_patient.py [ROUNDS]

Prints medians, ratios to `python -c "import rdflib"` (cold) and to pySHACL on the same record (warm), and the
peak memory of the cold process. Times move from machine to machine; the ratios are what counts.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pyshacl import validate
from rdflib import Graph

from lepto.knowledge import load
from lepto.read import read
from lepto.recommend import Recommender

ROOT = Path(__file__).parents[1]
EXAMPLE = next(iter(sorted((ROOT / "examples").glob("*.json"))))
ON = date(2026, 11, 22)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    lepto = [sys.executable, "-m", "lepto.cli", "recommend", str(EXAMPLE), "--format", "json"]
    cold = median(rounds, lambda: run(lepto))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    peer = median(rounds, lambda: run([sys.executable, "-c", "import rdflib"]))
    print(f"cold: lepto recommend, one file        {cold * 1000:8.1f} ms   peak {peak:.0f} MiB")
    print(f"cold: python -c 'import rdflib'        {peer * 1000:8.1f} ms   ratio {cold / peer:.2f}")

    knowledge = load()
    recommender = Recommender(knowledge)
    records = read([EXAMPLE], knowledge.facts)[:1]
    warm = median(rounds * 5, lambda: recommender.answer(records, ON))
    data = Graph().parse(data="\n".join(f"{triple} ." for triple in records[0].triples), format="nt")
    shapes = Graph().parse(knowledge.root / "shapes" / "patient.ttl")
    shacl = median(rounds, lambda: validate(data, shacl_graph=shapes))
    print(f"warm: one more patient, whole report   {warm * 1000:8.1f} ms")
    print(f"warm: pySHACL on its record alone      {shacl * 1000:8.1f} ms   ratio {warm / shacl:.2f}")

    batch = [record for path in sorted((ROOT / "tests" / "cases").glob("*/patient.json")) for record in _one(path)]
    start = time.perf_counter()
    for first in range(0, len(batch), 50):
        recommender.answer(batch[first : first + 50], ON)
    each = (time.perf_counter() - start) / len(batch)
    print(f"warm: a patient in batches of 50       {each * 1000:8.1f} ms   ratio to one alone {each / warm:.2f}")


def _one(path: Path) -> list:  # type: ignore[type-arg]
    """The first record of a case, under a name of its own."""
    text = path.read_bytes()
    with tempfile.NamedTemporaryFile(suffix=".json") as copy:
        copy.write(text)
        copy.flush()
        return read([copy.name], load().facts)[:1]


def median(rounds: int, job: Callable[[], object]) -> float:
    """Return the median time of a job in seconds, after one round that does not count."""
    job()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run(command: list[str]) -> None:
    """Run a command whose output nobody wants."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
