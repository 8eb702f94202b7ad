"""Write what the competency queries answer today into their expectations, and print which answers changed.

    python tests/accept_answers.py [NAME...]

Without a name every query in `queries/competency/` is asked. Read `git diff tests/competency` against what the query
says that it expects before you commit.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lepto.knowledge import Knowledge, load
from lepto.query import header, query

ANSWERS = Path(__file__).parent / "competency"
ON = date(2026, 11, 22)
ENDINGS = {"CONSTRUCT": "ttl", "ASK": "txt"}


def folders() -> list[Path]:
    """Return the folders of all competency queries, sorted by name."""
    return sorted(path for path in ANSWERS.glob("*") if path.is_dir())


def patients_of(folder: Path) -> list[Path]:
    """Return the patient file of a query, where it needs one."""
    return list(folder.glob("patients.json"))


def expectation_of(knowledge: Knowledge, folder: Path) -> Path:
    """Return the file of the expected answer: a table, a graph, or one word, as the query says that it returns."""
    returns = header(knowledge.query_text(f"competency/{folder.name}")).get("returns", "")
    form = next((ending for word, ending in ENDINGS.items() if returns.startswith(word)), "tsv")
    return folder / f"expected.{form}"


def answered(knowledge: Knowledge, folder: Path) -> str:
    """Return what `lepto query NAME patients.json --on 2026-11-22` prints inside the folder of a query."""
    answer = query(knowledge, f"competency/{folder.name}", patients_of(folder), ON)
    if answer.left_out:
        raise ValueError(f"{folder.name}: {answer.left_out} have a violation, and no part in the answer")
    return answer.text


def main(names: Sequence[str]) -> int:
    """Rewrite the expectations of the named queries, or of all; return the exit status."""
    chosen = [ANSWERS / name for name in names] or folders()
    knowledge, changed = load(), 0
    for folder in chosen:
        path, after = expectation_of(knowledge, folder), answered(knowledge, folder)
        if not path.exists() or path.read_text(encoding="utf-8") != after:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(after, encoding="utf-8")
            print(folder.name)
            changed += 1
    print(f"{len(chosen)} queries asked, {changed} expectations changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
