"""How long one patient takes, cold and warm, beside what a user would compare it with, all in one run.

    python benchmarks/single_patient.py [ROUNDS]

Prints medians, ratios to `python -c "import rdflib"` (cold) and to pySHACL on the same record (warm), and the peak
memory of the cold process; last the best times. Processes that are compared are run in turn, and the modules are
compiled first, as they are where a package is installed. Times move from machine to machine; the ratios are what
counts.
"""

from __future__ import annotations

import compileall
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

from lepto.read import read
from lepto.recall import recall
from lepto.recommend import Recommender

ROOT = Path(__file__).parents[1]
EXAMPLE = next(iter(sorted((ROOT / "examples").glob("*.json"))))
ON = date(2026, 11, 22)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    lepto = [sys.executable, "-m", "lepto.cli", "recommend", str(EXAMPLE), "--format", "json"]
    compileall.compile_dir(ROOT / "src" / "lepto", quiet=1)
    run(lepto)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    cold, peer = in_turn(rounds, lambda: run(lepto), lambda: run([sys.executable, "-c", "import rdflib"]))
    print(f"cold: lepto recommend, one file        {shown(cold)}   peak {peak:.0f} MiB")
    print(f"cold: python -c 'import rdflib'        {shown(peer)}   ratio {ratio(cold, peer)}")

    knowledge = recall()
    recommender = Recommender(knowledge)
    records = read([EXAMPLE], knowledge.facts)[:1]
    data = Graph().parse(data="\n".join(f"{triple} ." for triple in records[0].triples), format="nt")
    shapes = Graph().parse(knowledge.root / "shapes" / "patient.ttl")
    (warm,) = in_turn(rounds * 5, lambda: recommender.answer(records, ON))
    (shacl,) = in_turn(rounds, lambda: validate(data, shacl_graph=shapes))
    print(f"warm: one more patient, whole report   {shown(warm)}")
    print(f"warm: pySHACL on its record alone      {shown(shacl)}   ratio {ratio(warm, shacl)}")

    batch = [record for path in sorted((ROOT / "tests" / "cases").glob("*/patient.json")) for record in _one(path)]
    start = time.perf_counter()
    for first in range(0, len(batch), 50):
        recommender.answer(batch[first : first + 50], ON)
    each = (time.perf_counter() - start) / len(batch)
    print(f"warm: a patient in batches of 50       {shown([each])}   ratio to one alone {ratio([each], warm)}")
    best = ", ".join(f"{min(times) * 1000:.1f} ms" for times in (cold, peer, warm, shacl))
    print(f"best times in the order of the lines above: {best}")


def _one(path: Path) -> list:  # type: ignore[type-arg]
    """The first record of a case, under a name of its own."""
    text = path.read_bytes()
    with tempfile.NamedTemporaryFile(suffix=".json") as copy:
        copy.write(text)
        copy.flush()
        return read([copy.name], recall().facts)[:1]


def in_turn(rounds: int, *jobs: Callable[[], object]) -> list[list[float]]:
    """Return the times of jobs in seconds, run in turn, after one round that does not count."""
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds + 1):
        for job, taken in zip(jobs, times, strict=True):
            start = time.perf_counter()
            job()
            taken.append(time.perf_counter() - start)
    return [taken[1:] for taken in times]


def shown(times: list[float]) -> str:
    """The median."""
    return f"{statistics.median(times) * 1000:8.1f} ms"


def ratio(times: list[float], others: list[float]) -> str:
    """How many times as long as others, by the medians."""
    return f"{statistics.median(times) / statistics.median(others):.2f}"


def run(command: list[str]) -> None:
    """Run a command whose output nobody wants."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
