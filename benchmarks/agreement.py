"""Whether roads agree: every row of the answers, patient by patient, held against a road that is SPARQL throughout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.catalogue import ROADS
from benchmarks.roads.road import REFUSED, Kind, Says
from benchmarks.take import Took

REFERENCES = {Says.ROWS: "derivation", Says.VERDICTS: "derivation", Says.STANDINGS: "standings"}
SHOWN = 5


@dataclass(frozen=True)
class Compared:
    """How much of a road's answers was held against which road: patients, rows, the columns of each row, and how many
    rows only one of the two has; `examples` are a few of these.
    """

    road: str
    reference: str
    patients: int
    rows: int
    columns: tuple[str, ...]
    differing: int
    examples: tuple[str, ...]


def compared(took: Took, answers: Path, reference: Took, references: Path, patients: list[str]) -> Compared:
    """Hold a road against another, over the patients whom both answered.

    In: what the roads took, the folders of their answers, and the patients of the cohort in their order. A peer knows
    nothing of the shapes: of patients whose data these refuse, its answers are not looked at.
    """
    both = patients[: min(took.patients, reference.patients)]
    ours, other = (_read(folder, both) for folder in (references, answers))
    columns = [name for name in other.columns if name in ours.columns]
    refused = pl.DataFrame({"patient": []}, schema={"patient": pl.String})
    if "standing" in columns:
        ours = ours.join(other.select("kind").unique(), on="kind", how="semi")
        other = other.join(ours.select("patient").unique(), on="patient", how="semi")
        refused = pl.DataFrame({"patient": both}).join(ours, on="patient", how="anti")
    elif ROADS[took.road].kind is not Kind.LEPTO:
        refused = ours.filter(pl.col("verdict") == REFUSED).select("patient")
        ours, other = (frame.join(refused, on="patient", how="anti") for frame in (ours, other))
    ours, other = ours.select(columns), other.select(columns)
    differing = pl.concat([_without(ours, other, "not said"), _without(other, ours, "said")])
    return Compared(
        road=took.road,
        reference=reference.road,
        patients=len(both) - refused.height,
        rows=ours.height,
        columns=tuple(columns),
        differing=differing.height,
        examples=tuple(" ".join(map(str, row)) for row in differing.sort("patient").head(SHOWN).iter_rows()),
    )


def _read(folder: Path, patients: list[str]) -> pl.DataFrame:
    wanted = pl.LazyFrame({"patient": patients})
    return pl.scan_parquet(folder / "*.parquet").join(wanted, on="patient", how="semi").collect()


def _without(some: pl.DataFrame, others: pl.DataFrame, how: str) -> pl.DataFrame:
    """The rows that others lack; the same row twice is a difference too."""
    numbered = [f.with_columns(pl.int_range(pl.len()).over(f.columns).alias("again")) for f in (some, others)]
    left = numbered[0].join(numbered[1], on=numbered[0].columns, how="anti", nulls_equal=True)
    return left.drop("again").with_columns(pl.lit(how).alias("how"))
