"""The portable query in engines that are not Python's, followed in `docs/endpoints.md` as its test follows it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path

from pyoxigraph import RdfFormat, serialize

from benchmarks.roads.portable import table_of, triples_of
from benchmarks.roads.road import LINES, Kind, Measured, Road, Run, Says
from lepto.knowledge import load

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".pytest_cache" / "d" / "debian"
"""Where the test of the page keeps the packages that it has unpacked."""
PATIENTS = 1_000
ENGINES = {
    "jena": ("Apache Jena", "libapache-jena-java", 1),
    "virtuoso": ("Virtuoso", "curl-virtuoso-opensource-7-bin", 2),
}
"""The heading of the page, the packages in the cache, and how many of the last commands answer patients."""


def followed_to_the_letter(heading: str, last: int) -> Run:
    """Return what follows a section of the page for one patient, then measures its last commands for many more."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        from tests.test_docs import sections
        from tests.test_endpoints import PAGE, followed

        knowledge = load()
        (engine,) = (section for section in sections(PAGE) if section.heading == heading)
        with (cohort / LINES).open("rb") as file:
            lines = list(islice(file, PATIENTS))
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            (place / "guideline.rq").write_text(knowledge.compiled.portable)
            (place / "patients.nt").write_bytes(_triples(lines[:1]))
            with followed(engine, place, CACHE) as lent:
                (place / "patients.nt").write_bytes(_triples(lines))
                begun = time.perf_counter()
                for command in engine.commands[-last:]:
                    subprocess.run(["/bin/sh", "-c", _at_the_port(command, place)], cwd=place, env=lent, check=True)
                passed = time.perf_counter() - begun
            _, names = triples_of(knowledge, b"".join(lines))
            found = table_of(knowledge, (place / "answers.csv").read_bytes(), names)
        found.write_parquet(answers / "0.parquet")
        return Measured(len(lines), passed)

    return run


def _triples(lines: list[bytes]) -> bytes:
    triples, _ = triples_of(load(), b"".join(lines))
    return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def _at_the_port(command: str, place: Path) -> str:
    """The command, at the private port that the page's script was given in place of that of the page."""
    script = place / "load.sh"
    ports = re.findall(r"localhost:(\d+)", script.read_text()) if script.exists() else []
    return re.sub(r"localhost:\d+", f"localhost:{ports[0]}", command) if ports else command


def _lacks(packages: str) -> str | None:
    there = (CACHE / packages).is_dir()
    return None if there else "it is not unpacked; `scripts/test --all -k every_cell` does that"


def _version(name: str, packages: str) -> dict[str, str]:
    """The version of an engine, as its library is named, or as it tells."""
    for library in (CACHE / packages / "usr" / "share" / "java").glob("jena-arq-*.jar"):
        return {name: library.stem.removeprefix("jena-arq-")}
    from tests.debian import environment

    lent = environment(CACHE / packages, os.environ)
    told = subprocess.run(["/usr/bin/env", "virtuoso-t", "-?"], env=lent, capture_output=True, text=True, check=False)
    return {name: re.findall(r"Version ([0-9.]+)", told.stdout + told.stderr)[0].rstrip(".")}


ROADS = tuple(
    Road(
        name,
        f"portable query, {heading}, 1,000 patients at once",
        Kind.PEER,
        Says.STANDINGS,
        followed_to_the_letter(heading, last),
        partial(_lacks, packages),
        partial(_version, heading, packages),
    )
    for name, (heading, packages, last) in ENGINES.items()
)
