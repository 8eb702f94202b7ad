"""What came out of a cohort: counts, and two pictures of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lepto.cohort.bars import bars

COLOURS = {"recommended": "#1b7837", "consider": "#a6dba0", "undetermined": "#bdbdbd", "against": "#b2182b"}
COUNTED = ("verdicts", "awaited", "patients awaiting", "findings")

Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Summary:
    """Patients, those of them with an answer, and how many there are of each `verdicts` (action, verdict, bar), of each
    fact that undetermined verdicts or patients wait for, and of each of `findings` (severity, property).
    """

    patients: int
    answered: int
    verdicts: Mapping[Key, int]
    awaited: Mapping[Key, int]
    patients_awaiting: Mapping[Key, int]
    findings: Mapping[Key, int]

    @property
    def refused(self) -> int:
        """How many patients have no answer, since their data has a violation."""
        return self.patients - self.answered

    @classmethod
    def added(cls, counted: Iterable[Mapping[str, Any]]) -> Summary:
        """Return the sum of what slices counted."""
        many: Counter[str] = Counter()
        counts: dict[str, Counter[Key]] = {name: Counter() for name in COUNTED}
        for one in counted:
            many.update({name: one[name] for name in ("patients", "answered")})
            for name in COUNTED:
                counts[name].update({tuple(row[:-1]): row[-1] for row in one[name]})
        return cls(many["patients"], many["answered"], *(counts[name] for name in COUNTED))

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Summary:
        """Return the summary that was told."""
        columns = {
            "verdicts": ("action", "verdict", "bar"),
            "awaited": ("fact",),
            "patients awaiting": ("fact",),
            "findings": ("severity", "property"),
        }
        counts = {
            name: [[*(row[column] for column in columns[name]), row["count"]] for row in told[name]] for name in COUNTED
        }
        return cls.added([{**told, **counts}])

    def told(self) -> dict[str, Any]:
        """Return the summary as JSON tells it, in an order that does not depend on that of the slices."""
        return {
            "patients": self.patients,
            "answered": self.answered,
            "refused": self.refused,
            "verdicts": _rows(self.verdicts, "action", "verdict", "bar"),
            "awaited": _rows(self.awaited, "fact"),
            "patients awaiting": _rows(self.patients_awaiting, "fact"),
            "findings": _rows(self.findings, "severity", "property"),
        }


def _rows(counts: Mapping[Key, int], *columns: str) -> list[dict[str, Any]]:
    ordered = sorted(counts.items(), key=lambda item: [part or "" for part in item[0]])
    return [{**dict(zip(columns, key, strict=True)), "count": many} for key, many in ordered]


def pictures() -> dict[str, Callable[[Summary], bytes]]:
    """Return by their files the pictures that are drawn of a summary."""
    return {"verdicts.svg": _verdicts, "missing.svg": _missing}


def _verdicts(summary: Summary) -> bytes:
    """Where patients fall: a bar an action, of what was said of it to how many."""
    told: dict[str, Counter[str]] = {}
    for (action, verdict, _), many in summary.verdicts.items():
        told.setdefault(str(action), Counter())[str(verdict)] += many
    return bars(told, COLOURS, f"Verdicts on {summary.answered:,} patients")


def _missing(summary: Summary) -> bytes:
    """What is missing: a bar a fact, of how many patients wait for it."""
    told = {str(fact): {"undetermined": many} for (fact,), many in summary.patients_awaiting.items()}
    colours = {"undetermined": COLOURS["undetermined"]}
    return bars(told, colours, f"Patients of {summary.answered:,} who wait for a fact")
