"""The benchmark measures what it says: all roads answer, every row is held against SPARQL, differences are found."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from benchmarks import cohort, registry
from benchmarks.agreement import compared
from benchmarks.catalogue import ROADS
from benchmarks.roads import cql
from benchmarks.roads.road import Kind, Says
from benchmarks.take import Took
from benchmarks.targets import TARGETS, further, growth, rates, times

from lepto.knowledge import Knowledge
from lepto.read import Intaking, read
from lepto.recommend import Recommender

PATIENTS, SEED = 30, 4
"""Of these patients one is refused."""
SLOW = ("hermit", "jena", "virtuoso", "single", "spark-1", "spark-2")
QUICK = [name for name in ROADS if name not in SLOW]


def run(roads: list[str], folder: Path) -> dict[str, dict[str, object]]:
    """What the benchmark writes of each road, over a few patients; what it prints is what its page says."""
    page = folder / "performance.md"
    options = [
        "--seed",
        str(SEED),
        "--sizes",
        str(PATIENTS),
        "--seconds",
        "5",
        "--out",
        str(page),
        "--work",
        str(folder),
    ]
    assert cohort.main([*options, "--roads", *roads]) == 0
    figures = json.loads((folder / "performance" / "last-run.json").read_text())
    for name, lack in figures["lacking"].items():
        print(f"\n{name}: left out, since {lack}")
    assert (folder / "performance" / "rates.svg").read_text().count("<svg") == 1
    assert all(ROADS[name].label in page.read_text() for name in roads)
    assert {one["road"] for one in figures["took"]} | figures["lacking"].keys() == set(roads)
    assert all(one["patients"] == PATIENTS or one["road"] in SLOW for one in figures["took"])
    answering = {one["road"] for one in figures["took"] if ROADS[one["road"]].says is not Says.NOTHING}
    held = {one["road"]: one for one in figures["compared"]}
    assert answering - held.keys() <= {"derivation", "standings"}
    assert all(one["rows"] and not one["differing"] for one in held.values())
    return held


def test_all_roads_that_are_here_agree(tmp_path: Path) -> None:
    """In one run, over the same patients: LEPTO's roads, rdflib, pyoxigraph, CQL, with the floors beside them."""
    held = run(QUICK, tmp_path)
    assert {"tables", "reports", "wide", "pyoxigraph", "rdflib"} <= held.keys()
    assert held["tables"]["columns"] == list(Says.ROWS.value)
    if lack := ROADS["cql"].lacks():
        pytest.skip(f"CQL: {lack}")
    assert held["cql"]["columns"] == held["cql-once"]["columns"] == list(Says.VERDICTS.value)


@pytest.mark.slow
@pytest.mark.java
def test_the_slow_roads_that_are_here_agree(tmp_path: Path) -> None:
    """HermiT, Jena, Virtuoso, Spark, and LEPTO one patient at a time."""
    assert "single" in run(["derivation", "standings", *SLOW], tmp_path)


@pytest.mark.parametrize(
    "what, differing",
    [("nothing", 0), ("another verdict", 2), ("a row less", 1), ("a row twice", 1), ("somebody less", 2)],
)
def test_a_difference_is_found(what: str, differing: int, tmp_path: Path) -> None:
    said = [
        ("A", "X", "consider", None),
        ("A", "Y", "against", "avoid"),
        ("B", "X", "undetermined", None),
        ("B", "Y", "consider", None),
    ]
    other = {
        "nothing": said,
        "another verdict": [*said[:1], ("A", "Y", "against", "contraindicated"), *said[2:]],
        "a row less": said[:3],
        "a row twice": [*said, said[0]],
        "somebody less": said[:2],
    }[what]
    for name, rows in (("ours", said), ("other", other)):
        (tmp_path / name).mkdir()
        Says.VERDICTS.frame(rows).write_parquet(tmp_path / name / "0.parquet")
    tooks = [Took(road, 2, 2, 1.0, 1.0, 1.0) for road in ("cql", "derivation")]
    found = compared(tooks[0], tmp_path / "other", tooks[1], tmp_path / "ours", ["A", "B"])
    assert (found.patients, found.rows, found.differing) == (2, 4, differing)
    assert len(found.examples) == differing


def test_of_patients_whom_the_shapes_refuse_a_peer_is_not_asked(tmp_path: Path) -> None:
    """They get findings and no answer from LEPTO; a peer knows no shapes."""
    said = {
        "ours": [("A", "", "refused", None), ("B", "X", "consider", None)],
        "other": [("A", "X", "consider", None), ("B", "X", "consider", None)],
    }
    for name, rows in said.items():
        (tmp_path / name).mkdir()
        Says.VERDICTS.frame(rows).write_parquet(tmp_path / name / "0.parquet")
    tooks = [Took(road, 2, 2, 1.0, 1.0, 1.0) for road in ("cql", "tables", "derivation")]
    for took, differing, patients in ((tooks[0], 0, 1), (tooks[1], 2, 2)):
        found = compared(took, tmp_path / "other", tooks[2], tmp_path / "ours", ["A", "B"])
        assert (found.differing, found.patients) == (differing, patients)


def test_the_charts_that_cql_reads_say_what_the_cohort_says(
    knowledge: Knowledge, recommender: Recommender, tmp_path: Path
) -> None:
    """LEPTO reads them as health records, and answers as it does from the plain facts."""
    people = list(registry.patients(PATIENTS))
    plain, charts = tmp_path / "plain.ndjson", tmp_path / "charts.ndjson"
    plain.write_text("".join(json.dumps(one) + "\n" for one in people))
    charts.write_text("".join(cql.charts(knowledge, plain.read_text().splitlines())))
    answers = []
    for path in (plain, charts):
        records = sorted(read([path], knowledge.facts, Intaking(knowledge, registry.ON)), key=lambda one: one.patient)
        reports = recommender.answer(records, registry.ON)
        answers.append([(r.patient, [(v.action, v.verdict, v.bar, v.missing) for v in r.verdicts]) for r in reports])
    assert len(answers[0]) == PATIENTS
    assert answers[0] == answers[1]


def test_ratios_are_of_the_same_run() -> None:
    took = [
        Took("tables", 10, 10, 1.0, 3.0, 1.0),
        Took("tables", 100, 100, 4.0, 6.0, 1.0),
        Took("orjson", 100, 100, 1.0, 2.0, 1.0),
        Took("tables", 1000, 500, 9.0, 9.0, 1.0),
        Took("cql", 10, 5, 1.0, 1.0, 1.0),
    ]
    assert times("tables", "orjson")(took, {}) == 3
    assert rates("tables", "cql")(took, {}) == pytest.approx(500 / 9 / 5)
    assert growth("tables", 10, 100)(took, {}) == 2
    beside = [Took("orjson", 10, 10, 1.0, 1.0, 1.0), *took]
    assert further("tables", "orjson")(beside, {}) == (6 - 3) / (2 - 1)
    assert further("tables", "orjson")(took, {}) is None, "one size is not enough"
    assert growth("tables", 100, 1000)(took, {}) is None, "the larger was not finished"
    assert all(target.measured([], {}) is None for target in TARGETS)


def test_no_two_roads_share_a_name() -> None:
    assert len(ROADS) == len({road.label for road in ROADS.values()}) > 15
    assert {road.kind for road in ROADS.values()} == set(Kind)
    assert pl.DataFrame({"name": list(ROADS)})["name"].is_unique().all()
