"""The checklists that others hold an ontology against, and what holds ours against them.

`docs/checklists.tsv` lists every item once, with the test that does it where no query or shape can, and a note. Which
query or shape does an item is said there: in the line `#+ checks:` of a lint query, as `dcterms:references` of a shape.
Run as a script, this writes the table of `docs/quality.md`.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rdflib import Graph
from rdflib.namespace import DCTERMS

from lepto.query import header
from lepto.vocabulary import local_name

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "quality.md"
BEGIN = "<!-- What follows is written by tests/quality.py. -->\n"
LISTS = {
    "ROBOT": ("ROBOT report", "grade"),
    "OOPS": ("OOPS! pitfalls", "grade"),
    "FOOPS": ("FOOPS! tests", "principle"),
    "OBO": ("OBO Foundry principles", ""),
    "ODK": ("Checks that the Ontology Development Kit adds", ""),
}


@dataclass(frozen=True)
class Item:
    """One item of a checklist: its list and name, its grade or principle there, what it looks for, who does it (links
    from the document; none where nothing does), and a note.
    """

    checklist: str
    name: str
    grade: str
    looks_for: str
    done_by: tuple[str, ...]
    note: str

    @property
    def cells(self) -> list[str]:
        """The item as a row of its table."""
        grade = [self.grade] if self.grade else []
        return [self.name, *grade, self.looks_for, ", ".join(self.done_by) or "**not checked**", self.note]


def items() -> list[Item]:
    """Every item in the order of its list."""
    doing = checked()
    with (ROOT / "docs" / "checklists.tsv").open(encoding="utf-8", newline="") as file:
        return [_item(row, doing) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _item(row: dict[str, str], doing: dict[str, list[str]]) -> Item:
    checklist, name = row["item"].split(" ", 1)
    done_by = (*doing.get(row["item"], ()), *_test(row["test"]))
    return Item(checklist, name, row["grade"], row["looks for"], done_by, row["note"])


def checked() -> dict[str, list[str]]:
    """The queries and shapes that do an item, as links from the document."""
    found: dict[str, list[str]] = defaultdict(list)
    for item, link in (*_queries(), *_shapes()):
        found[item].append(link)
    return found


def _queries() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "queries" / "lint").glob("*.rq")):
        for item in header(path.read_text(encoding="utf-8")).get("checks", "").split(", "):
            if item:
                yield item, f"[lint/{path.stem}](../queries/lint/{path.name})"


def _shapes() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "shapes").glob("*.ttl")):
        for shape, item in sorted(Graph().parse(path).subject_objects(DCTERMS.references)):
            yield str(item), f"[{local_name(str(shape))}](../shapes/{path.name})"


def _test(place: str) -> tuple[str, ...]:
    file, _, name = place.partition("::")
    return (f"[{name}](../{file})",) if place else ()


def table() -> str:
    """The part of the document that is written by this script."""
    text = BEGIN
    for name, (title, grade) in LISTS.items():
        own = [item for item in items() if item.checklist == name]
        head = ["item", *([grade] if grade else []), "looks for", "checked by", "note"]
        text += f"\n## {title}: {sum(bool(item.done_by) for item in own)} of {len(own)} checked\n\n"
        text += "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *(i.cells for i in own)))
    return text


if __name__ == "__main__":
    before = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[0]
    DOCUMENT.write_text(before + table(), encoding="utf-8")
