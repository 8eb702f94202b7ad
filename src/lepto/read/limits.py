"""How much a patient file may hold before it is refused."""

from __future__ import annotations

from typing import Final

from lepto.errors import one_line

MIB: Final = 1 << 20

DEPTH = 64
"""Levels of nesting in JSON, and quoted triples in Turtle: deeper text can end a parser's process."""

LINE_BYTES = 16 * MIB
"""Bytes of one line of NDJSON, that is of one patient."""

FILE_BYTES = 1024 * MIB
"""Bytes of a file that is read whole (NDJSON is read line by line and may be longer)."""

DIGITS = 18
"""Digits of a number, as written and in plain notation: every engine here holds so many exactly."""

EXPONENT = 15
"""Size of a number's written exponent."""

ID_CHARACTERS = 200
"""Characters of a patient's id."""

VALUE_CHARACTERS = 80
"""Characters of a value or a key that are shown in a finding."""

FAULTS = 20
"""Faults that are listed for one record."""


def shortened(text: str) -> str:
    """Return `text` on one line and no longer than a finding shows."""
    line = one_line(text[: VALUE_CHARACTERS + 1])
    return line if len(line) <= VALUE_CHARACTERS else line[: VALUE_CHARACTERS - 3] + "..."
