"""The picture of a pathway, measured, not drawn: boxes in boxes, entry criteria on the way, rules at the ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from lepto.document.answers import Answers, Row

WIDTH, MARGIN, PADDING, GAP = 760, 10, 14, 10
LINE, MARK = 20, 34
# No font is known, so that a letter is taken to be as wide as in the widest of the usual ones.
LETTER, BOLD_LETTER = 8.0, 9.2


@dataclass(frozen=True)
class Line:
    """A line of text: where its baseline begins, and its style (`title`, `entry`, `label` or `small`)."""

    x: int
    y: int
    style: str
    text: str


@dataclass(frozen=True)
class Shape:
    """A box: of a pathway (`kind` is empty, `depth` counts those around it) or of a rule of a kind and strength."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    strength: str
    depth: int


@dataclass(frozen=True)
class Picture:
    """Everything to be drawn, boxes before what is in them."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    lines: tuple[Line, ...]


def picture(answers: Answers, pathway: str) -> Picture:
    """Return the picture of a pathway: those around it by their entry alone, itself and those in it with all rules."""
    (row,) = answers.ask("pathways", pathway=pathway)
    around = [row]
    while around[0]["around"]:
        around = [*answers.ask("pathways", pathway=around[0]["around"]), *around]
    layout = _Layout(answers)
    end = layout.pathway(around, MARGIN, MARGIN, WIDTH - 2 * MARGIN, 0)
    return Picture(WIDTH, end + MARGIN, tuple(sorted(layout.shapes, key=lambda s: (s.y, s.x))), tuple(layout.lines))


class _Layout:
    """Puts boxes below each other; every method returns where its box ends."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.shapes: list[Shape] = []
        self.lines: list[Line] = []

    def pathway(self, way: list[Row], x: int, y: int, width: int, depth: int) -> int:
        """Lay out the first pathway of a way in, and in it the rest of the way, or all that there is at its end."""
        row, *further = way
        inner, space = x + PADDING, width - 2 * PADDING
        at = self._text(_sentence(row["label"]), "title", inner, y + PADDING, space)
        entries = [entry["label"] for entry in self.answers.ask("entries", pathway=row["pathway"])]
        told = f"Enter if {' and '.join(entries)}" if entries else "Open to all who come this far"
        at = self._text(told, "entry", inner, at, space) + GAP
        if further:
            at = self.pathway(further, inner, at, space, depth + 1) + GAP
        else:
            for rule in self.answers.ask("rules", pathway=row["pathway"]):
                at = self._rule(rule, inner, at, space) + GAP
            for inside in self.answers.ask("pathways", around=row["pathway"]):
                at = self.pathway([inside], inner, at, space, depth + 1) + GAP
        end = at + PADDING - GAP
        self.shapes.append(Shape(x, y, width, end - y, "", "", depth))
        return end

    def _rule(self, rule: Row, x: int, y: int, width: int) -> int:
        inner, space = x + MARK + GAP, width - MARK - 2 * GAP
        at = self._text(_sentence(rule["label"]), "label", inner, y + GAP // 2, space)
        for text in self._conditions(rule):
            at = self._text(text, "small", inner, at, space)
        end = at + GAP // 2
        self.shapes.append(Shape(x, y, width, end - y, rule["kind"], rule["strength"], 0))
        return end

    def _conditions(self, rule: Row) -> Iterator[str]:
        yield _sentence(rule["strengthLabel"] or rule["kindLabel"])
        for role, word, joint in (("requires", "if", " and "), ("unless", "unless", " or ")):
            labels = [
                row["label"] for row in self.answers.ask("rule-criteria", rule=rule["rule"]) if row["role"] == role
            ]
            if labels:
                yield f"{word} {joint.join(labels)}"

    def _text(self, text: str, style: str, x: int, y: int, width: int) -> int:
        letter = BOLD_LETTER if style in {"title", "label"} else LETTER
        for line in wrap(text, int(width / letter), break_long_words=False, break_on_hyphens=False):
            y += LINE
            self.lines.append(Line(x, y - LINE // 4, style, line))
        return y


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
