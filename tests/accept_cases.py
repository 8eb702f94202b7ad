"""Write what is answered today into the expectations of the cases, and print which verdicts changed.

    python tests/accept_cases.py [NAME...]

Without a name every case in `tests/cases/` is answered. Read the printed changes, and `git diff`, against the
resolutions before you commit: an expectation is a promise, and this script keeps none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lepto.knowledge import load
from lepto.prepared import Prepared
from lepto.read import Record, read_bytes
from lepto.recommend import Recommender
from lepto.render import render
from lepto.validate import Validator

CASES = Path(__file__).parent / "cases"
ON = date(2026, 11, 22)


def folders() -> list[Path]:
    """Return the folders of all cases, sorted by name."""
    return sorted(path for path in CASES.glob("*") if path.is_dir())


def records_of(knowledge: Prepared, folder: Path) -> list[Record]:
    """Read the patients of a case, as `lepto recommend patient.json` does inside its folder."""
    return read_bytes((folder / "patient.json").read_bytes(), "patient.json", knowledge.facts)


def sound_ones(validator: Validator, records: Sequence[Record]) -> list[Record]:
    """Return the records without a violation: no other record reaches the rules."""
    findings = validator.validate(records, ON)
    return [
        record
        for record, found in zip(records, findings, strict=True)
        if record.triples and not any(finding.severity == "violation" for finding in found)
    ]


def answered(recommender: Recommender, folder: Path) -> str:
    """Return what `lepto recommend patient.json --format json --on 2026-11-22` prints inside the folder of a case."""
    return render(recommender.answer(records_of(recommender.knowledge, folder), ON), "json")


def changes(before: str, after: str) -> Iterator[str]:
    """Yield a line for every verdict, request and finding on which two arrays of reports differ, or for the rest."""
    old, new = _told(before), _told(after)
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key, 'nothing')} -> {new.get(key, 'nothing')}"
    if old == new and before != after:
        yield "verdicts, requests and findings are the same; something behind them changed"


def main(names: Sequence[str]) -> int:
    """Rewrite the expectations of the named cases, or of all; return the exit status."""
    chosen = [CASES / name for name in names] or folders()
    absent = [folder.name for folder in chosen if not (folder / "patient.json").is_file()]
    if absent or not chosen:
        print(f"no case to accept: {', '.join(absent) or 'tests/cases/ is empty'}", file=sys.stderr)
        return 2
    recommender = Recommender(load())
    changed = sum(_accept(recommender, folder) for folder in chosen)
    print(f"{len(chosen)} cases answered, {changed} expectations changed")
    return 0


def _accept(recommender: Recommender, folder: Path) -> bool:
    path = folder / "expected.json"
    before = path.read_text(encoding="utf-8") if path.exists() else "[]"
    after = answered(recommender, folder)
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    print(folder.name)
    print("\n".join(f"  {line}" for line in changes(before, after)))
    return True


def _told(text: str) -> dict[str, str]:
    told = {}
    for number, report in enumerate(json.loads(text), start=1):
        for name, value in _points(report):
            told[f"{report['patient']} ({number}): {name}"] = value
    return told


def _points(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for verdict in report["verdicts"]:
        waits = f", missing {', '.join(verdict['missing'])}" if verdict["missing"] else ""
        yield verdict["action"], (verdict["bar"] or verdict["verdict"]) + waits
    for request in report["requests"]:
        yield f"request {request['property']}", "blocking" if request["blocking"] else "not blocking"
    for finding in report["findings"]:
        yield f"{finding['severity']} {finding['message']}", "said"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
