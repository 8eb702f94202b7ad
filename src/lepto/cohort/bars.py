"""Counts as horizontal bars in SVG; the same counts give the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ROOM: Final = 560
"""Pixels of the longest bar."""
LETTER: Final = 6.8
"""Pixels of a letter of a name, about."""
ROW: Final = 23
TICKS: Final = 5


def bars(counts: Mapping[str, Mapping[str, int]], colours: Mapping[str, str], title: str) -> bytes:
    """Return a picture of a bar for each name, the longest first, made of a part for each kind of what is counted.

    In: the counts by name and kind, and the colours of the kinds, in whose order parts stand.
    """
    from lepto.templates import templates  # Jinja is needed only at the end of a run.

    totals = {name: sum(parts.values()) for name, parts in counts.items()}
    left = round(LETTER * max(map(len, totals), default=0)) + 24
    top = 64 if len(colours) > 1 else 42
    most = max(totals.values(), default=0)
    scale = ROOM / max(most, 1)
    drawn = []
    for number, name in enumerate(sorted(totals, key=lambda name: (-totals[name], name))):
        x, parts = float(left), []
        for kind in colours:
            if many := counts[name].get(kind, 0):
                parts.append({"x": round(x, 1), "width": round(many * scale, 1), "kind": kind, "many": many})
                x += many * scale
        drawn.append({"name": name, "y": top + ROW * number, "parts": parts, "end": round(x, 1), "total": totals[name]})
    ticks = [{"x": round(left + many * scale, 1), "many": many} for many in _ticks(most)]
    picture: dict[str, Any] = {
        "title": title,
        "colours": colours,
        "bars": drawn,
        "ticks": ticks,
        "left": left,
        "top": top,
    }
    size = {"width": left + ROOM + 90, "height": top + ROW * len(drawn) + 30}
    return templates(__file__).get_template("bars.svg.j2").render(**picture, **size).encode()


def _ticks(most: int) -> range:
    """Round numbers from 0 to the most, about so many as are asked for."""
    steps = (factor * 10**power for power in range(len(str(most))) for factor in (1, 2, 5))
    return range(0, most + 1, next((step for step in steps if most <= TICKS * step), 1))
