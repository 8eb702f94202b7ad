"""LEPTO's own roads: tables over columns, SPARQL in batches, and one patient after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import polars as pl
from pyoxigraph import QueryResultsFormat, QuerySolutions

from benchmarks.registry import ON
from benchmarks.roads.road import LINES, REFUSED, TABLE, Kind, Measured, Road, Run, Says, in_batches, of
from lepto.cohort.answering import Answering
from lepto.cohort.criteria import BATCH
from lepto.cohort.executors import Executor, cores, processes
from lepto.cohort.lines import part_of_lines
from lepto.cohort.run import Options
from lepto.cohort.run import cohort as answer_cohort
from lepto.cohort.spark import on_spark
from lepto.derive import AWAITED, RULES, derived
from lepto.explain import Explainer
from lepto.knowledge import load
from lepto.read import read_bytes
from lepto.recall import recall
from lepto.validate import Validator
from lepto.vocabulary import IDENTIFIER, LEPTO, PATIENT, local_name

VERDICTS = f"""PREFIX lepto: <{LEPTO}>
SELECT ?patient ?action ?outcome ?strength ?fact {{
  ?verdict a lepto:Verdict ; lepto:ofPatient/<{IDENTIFIER}> ?patient ; lepto:onAction ?action ; lepto:outcome ?outcome .
  OPTIONAL {{ ?verdict lepto:verdictStrength ?strength }}
  OPTIONAL {{ ?verdict lepto:awaits ?fact }}
}}"""
STANDINGS = f"""PREFIX lepto: <{LEPTO}>
SELECT ?patient ?name ?standing {{
  VALUES (?predicate ?standing) {{ (lepto:meets "met") (lepto:doesNotMeet "not-met") (lepto:leavesOpen "unknown") }}
  ?who a <{PATIENT}> ; <{IDENTIFIER}> ?patient ; ?predicate ?name .
}}"""
LOCAL = r"^.*/"


def by_command(name: str, executor: Executor) -> Run:
    """Return the run of `lepto cohort` over a file of the cohort, from input to output."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        out, begun = answers / "out", time.perf_counter()
        summary = answer_cohort([cohort / name], out, Options(ON), executor)
        passed = time.perf_counter() - begun
        refused = pl.scan_parquet(out / "patients" / "*.parquet").filter(~pl.col("answered")).collect()["patient"]
        _refused(refused).write_parquet(answers / "refused.parquet")
        for part in (out / "verdicts").iterdir():
            part.rename(answers / part.name)
        return Measured(summary.patients, passed)

    return run


def by_reports() -> Callable[[bytes], pl.DataFrame]:
    """The road of `lepto recommend`: validated, derived by SPARQL, explained."""
    answering = Answering(load(), ON, by_sparql=True)

    def answer(lines: bytes) -> pl.DataFrame:
        answered = answering.answer(part_of_lines(answering, lines, "cohort", 1))
        refused = answered.patients.filter(~pl.col("answered"))["patient"]
        return pl.concat([answered.verdicts, _refused(refused)], how="diagonal")

    return answer


def by_derivation() -> Callable[[bytes], pl.DataFrame]:
    """The derivation of `lepto recommend`, SPARQL throughout, without the explanation: verdict, bar, missing facts."""
    deriving = _deriving(AWAITED, VERDICTS)
    outcome, strength = pl.col("outcome"), pl.col("strength").replace_strict(Explainer(recall()).notations)
    words = pl.when(outcome == "Offered").then(strength).otherwise(outcome.str.to_lowercase())

    def answer(lines: bytes) -> pl.DataFrame:
        found, refused = deriving(lines)
        said = found.with_columns(pl.col("action", "outcome", "fact").str.replace(LOCAL, "")).with_columns(
            verdict=words, bar=pl.when(outcome == "Against").then(strength)
        )
        facts = pl.col("fact").drop_nulls().unique().sort().str.join(" ").alias("missing")
        verdicts = said.group_by(Says.VERDICTS.value, maintain_order=True).agg(facts)
        return pl.concat([verdicts, _refused(refused).drop("rules")], how="diagonal")

    return answer


def by_standings() -> Callable[[bytes], pl.DataFrame]:
    """The first half of the derivation: the standing of every criterion and every rule."""
    knowledge = load()
    deriving = _deriving(RULES, STANDINGS)
    criteria = dict.fromkeys(knowledge.compiled.criteria, "criterion")
    rules = dict.fromkeys(knowledge.values.members[LEPTO + "Rule"], "rule")
    named = [(iri, kind, local_name(iri)) for iri, kind in (criteria | rules).items()]
    kinds = pl.DataFrame(named, schema=["iri", "kind", "name"], orient="row")

    def answer(lines: bytes) -> pl.DataFrame:
        found, _ = deriving(lines)
        return found.rename({"name": "iri"}).join(kinds, on="iri").select(Says.STANDINGS.value)

    return answer


def _deriving(steps: Sequence[str], query: str) -> Callable[[bytes], tuple[pl.DataFrame, list[str]]]:
    """Return what validates lines, derives so far, and answers a query; and who was refused."""
    knowledge = recall()
    validator = Validator(knowledge)

    def answer(lines: bytes) -> tuple[pl.DataFrame, list[str]]:
        records = read_bytes(lines, "cohort.ndjson", knowledge.facts)
        findings = validator.validate(records, ON)
        sound = [not any(one.severity == "violation" for one in found) for found in findings]
        triples = (t for record, good in zip(records, sound, strict=True) if good for t in record.triples)
        with derived(knowledge, triples, steps) as store:
            found = store.query(query)
            assert isinstance(found, QuerySolutions)
            csv = found.serialize(format=QueryResultsFormat.CSV)
        assert csv
        refused = [record.patient for record, good in zip(records, sound, strict=True) if not good]
        return pl.read_csv(csv, infer_schema=False), refused

    return answer


def _refused(patients: Sequence[str] | pl.Series) -> pl.DataFrame:
    named = pl.DataFrame({"patient": patients}, schema={"patient": pl.String})
    rows = named.with_columns(action=pl.lit(""), verdict=pl.lit(REFUSED))
    return pl.concat([pl.DataFrame(schema=dict.fromkeys(Says.ROWS.value, pl.String)), rows], how="diagonal")


def _command(name: str, label: str, file: str, executor: Executor) -> Road:
    return Road(name, f"LEPTO: lepto cohort, {label}", Kind.LEPTO, Says.ROWS, by_command(file, executor), awaited=True)


def _spark(cores: int) -> Road:
    road = _command(f"spark-{cores}", f"NDJSON, Spark, local[{cores}]", LINES, on_spark(f"local[{cores}]"))
    there = find_spec("pyspark") and (which("java") or os.environ.get("JAVA_HOME"))
    lack = None if there else "PySpark or Java is not installed; `scripts/setup-spark` installs the first"
    return replace(road, lacks=lambda: lack, versions=of("pyspark") if there else dict)


ROADS = (
    _command("tables", "NDJSON, one process", LINES, processes(1)),
    _command("tables-all", "NDJSON, all cores", LINES, processes(cores())),
    _command("tables-parquet", "Parquet, one process", TABLE, processes(1)),
    _command("tables-parquet-all", "Parquet, all cores", TABLE, processes(cores())),
    _spark(1),
    _spark(2),
    Road("derivation", "LEPTO: SPARQL in batches, verdicts", Kind.LEPTO, Says.ROWS, in_batches(BATCH, by_derivation)),
    Road(
        "standings", "LEPTO: SPARQL in batches, standings", Kind.LEPTO, Says.STANDINGS, in_batches(BATCH, by_standings)
    ),
    Road("reports", "LEPTO: SPARQL in batches, whole reports", Kind.LEPTO, Says.ROWS, in_batches(50, by_reports)),
    Road("single", "LEPTO: one patient at a time, whole reports", Kind.LEPTO, Says.ROWS, in_batches(1, by_reports)),
)
