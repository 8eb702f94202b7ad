"""What verification found, as text or JSON, and its witnesses as files that `lepto recommend` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lepto.errors import InputError
from lepto.verify import FindingClass, Verification


def render(verification: Verification, form: str) -> str:
    """Return a verification as "text" or "json"."""
    if form == "json":
        return json.dumps(_object(verification), indent=2, ensure_ascii=False) + "\n"
    return "".join(f"{line}\n" for line in _lines(verification))


def made(folder: Path) -> Path:
    """Make a folder where there is none, and return it; InputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def write_witnesses(verification: Verification, folder: Path) -> int:
    """Write one patient file for each class of findings that has a witness; return how many.

    Raises InputError where the folder cannot be made or written.
    """
    witnesses = [patient for finding in verification.findings if (patient := witness(finding))]
    try:
        for patient in witnesses:
            path = made(folder) / f"{patient['id']}.json"
            path.with_suffix(".tmp").write_text(json.dumps(patient, indent=2) + "\n", encoding="utf-8")
            path.with_suffix(".tmp").replace(path)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return len(witnesses)


def _unwritable(folder: Path, error: OSError) -> InputError:
    fault = f"it cannot be written ({(error.strerror or 'the system refuses').lower()})"
    return InputError(str(folder), "the folder", fault, "name a folder that can be written")


def witness(finding: FindingClass) -> dict[str, Any] | None:
    """Return the witness of a class of findings as a patient whose id names the class, None where there is none."""
    if not finding.found.states:
        return None
    return {"id": "-".join((finding.found.kind, *finding.found.about)), **finding.found.witness}


def _object(verification: Verification) -> dict[str, Any]:
    return {
        "lookedAt": [
            {
                "things": one.things,
                "number": one.many,
                "combinations": one.combinations,
                "states": one.states,
                "derived": one.derived,
                "seconds": round(one.seconds, 1),
            }
            for one in verification.enumerations
        ],
        "findings": [
            {
                "kind": finding.found.kind,
                "about": list(finding.found.about),
                "states": finding.found.states,
                "told": finding.found.told,
                "accepted": finding.accepted.name if finding.accepted else None,
                "reason": finding.accepted.reason if finding.accepted else None,
                "witness": witness(finding),
            }
            for finding in verification.findings
        ],
        "stale": list(verification.stale),
        "unread": list(verification.unread),
        "failed": verification.failed,
    }


def _lines(verification: Verification) -> Iterator[str]:
    for one in verification.enumerations:
        yield (
            f"{one.many:,} {one.things}: {one.combinations:,} combinations of values in {one.states:,} states, "
            f"{one.derived:,} patients derived, {one.seconds:.1f} s"
        )
    yield f"read by no criterion, and so deciding nothing: {', '.join(verification.unread)}"
    for finding in verification.findings:
        found, accepted = finding.found, finding.accepted
        yield f"{'ok  ' if accepted else 'FAIL'}  {found.kind}: {', '.join(found.about)}: {found.states:,} states"
        yield f"      {found.told}"
        if accepted:
            yield f"      accepted as {accepted.name}: {accepted.reason}"
        if (patient := witness(finding)) is not None and not accepted:
            yield f"      witness: {json.dumps(patient)}"
    for name in verification.stale:
        yield f"FAIL  {name} accepts what is found no more: take it out"
    new = sum(finding.accepted is None for finding in verification.findings)
    yield f"{len(verification.findings)} classes of findings, {new} of them not accepted"
