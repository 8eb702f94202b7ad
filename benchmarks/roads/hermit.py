"""HermiT, which owlready2 brings along: the standing of every criterion, proved from the axioms."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from benchmarks.roads.road import Kind, Road, Says, in_batches, of
from lepto.classify import classify_patients
from lepto.knowledge import load
from lepto.read import read_bytes
from lepto.reason import java


def by_hermit() -> Callable[[bytes], pl.DataFrame]:
    """A start of HermiT for the lines, in which each patient is reasoned about alone."""
    knowledge = load()

    def answer(lines: bytes) -> pl.DataFrame:
        records = read_bytes(lines, "cohort.ndjson", knowledge.facts)
        return Says.STANDINGS.frame(
            (found.patient, "criterion", name, standing)
            for found in classify_patients(knowledge, records, seconds=3000)
            for name, standing in found.standings.items()
        )

    return answer


ROADS = (
    Road(
        "hermit",
        "HermiT through owlready2, five patients a start",
        Kind.PEER,
        Says.STANDINGS,
        in_batches(5, by_hermit),
        lacks=lambda: None if java() else "there is no Java 17",
        versions=of("owlready2"),
    ),
)
