"""CQL, the field's own language for such rules, by the engines that run it without Java: FHIR charts, one by one."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from pyoxigraph import Literal, NamedNode

from benchmarks.charts import chart
from benchmarks.cql.make import library
from benchmarks.roads.road import LINES, Kind, Measured, Road, Run, Says
from lepto.knowledge import Knowledge, load
from lepto.vocabulary import LEPTO, local_name

FOLDER = Path(__file__).parents[1] / "cql"
FASTEST = 2_000
"""Patients a second that no engine of CQL comes near: so many charts are made for each second."""


def translated(*, retrieves: bool) -> Run:
    """Return what translates the guideline, makes charts, and has them answered; of this only the last is measured."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        knowledge = load()
        with tempfile.TemporaryDirectory() as place:
            elm, bundles, verdicts = (
                Path(place, name) for name in ("library.json", "charts.ndjson", "verdicts.ndjson")
            )
            elm.write_text(_node("translate.mjs", given=library(knowledge, retrieves=retrieves)))
            with bundles.open("w") as file, (cohort / LINES).open() as lines:
                file.writelines(charts(knowledge, islice(lines, int(seconds * FASTEST))))
            told = _node("run.mjs", str(elm), str(bundles), str(seconds), str(verdicts))
            _said(pl.read_ndjson(verdicts, infer_schema_length=None)).write_parquet(answers / "0.parquet")
        return Measured(**json.loads(told))

    return run


def _node(*arguments: str, given: str = "") -> str:
    command = [shutil.which("node") or "node", *arguments]
    done = subprocess.run(command, cwd=FOLDER, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {(done.stderr.strip().splitlines() or ['it said nothing'])[0]}")
    return done.stdout


def charts(knowledge: Knowledge, lines: Iterable[str]) -> Iterator[str]:
    """Yield the chart of each patient of a cohort, a line each."""
    found = knowledge.store.quads_for_pattern(None, NamedNode(LEPTO + "unit"), None, None)
    units = {
        local_name(unit.subject.value): unit.object.value
        for unit in found
        if isinstance(unit.subject, NamedNode) and isinstance(unit.object, Literal)
    }
    for line in lines:
        yield json.dumps(chart(json.loads(line), knowledge.facts, units), separators=(",", ":")) + "\n"


def _said(verdicts: pl.DataFrame) -> pl.DataFrame:
    """From a column an action, with texts such as "against avoid", to a row each."""
    long = verdicts.unpivot(index="patient", variable_name="action", value_name="said").drop_nulls()
    words = pl.col("said").str.split_exact(" ", 1).struct
    return long.select("patient", "action", verdict=words.field("field_0"), bar=words.field("field_1"))


def _lacks() -> str | None:
    if not shutil.which("node"):
        return "there is no Node.js"
    return (
        None
        if (FOLDER / "node_modules").is_dir()
        else "its packages are not there; `npm ci` in benchmarks/cql/ fetches them"
    )


def _versions() -> Mapping[str, str]:
    wanted: dict[str, Any] = json.loads((FOLDER / "package.json").read_text())
    return {"Node.js": _node("--version").strip().removeprefix("v"), **wanted["dependencies"]}


ROADS = tuple(
    Road(name, label, Kind.PEER, Says.VERDICTS, translated(retrieves=retrieves), _lacks, _versions)
    for name, label, retrieves in (
        ("cql", "CQL: cql-execution, a retrieve a fact", True),
        ("cql-once", "CQL: cql-execution, all retrieved once", False),
    )
)
