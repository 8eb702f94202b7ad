"""What goes wrong, split by whose fault it is."""

from __future__ import annotations

from typing import ClassVar


class LeptoError(Exception):
    """The root of every error that LEPTO raises on purpose; `status` is the exit status of a command that it ends."""

    status: ClassVar[int] = 2


class InputError(LeptoError):
    """A patient file that cannot be used at all.

    In: `file` (its name as the user gave it), `place` (line and column, byte offset, item ...), `fault` and `mend`, all
    without patient data beyond an id. Out: `str()` is one line, "FILE: PLACE: FAULT; MEND".
    """

    def __init__(self, file: str, place: str, fault: str, mend: str) -> None:
        super().__init__(file, place, fault, mend)
        self.file = file
        self.place = place
        self.fault = fault
        self.mend = mend

    def __str__(self) -> str:
        return one_line(f"{self.file}: {self.place}: {self.fault}; {self.mend}")


class KnowledgeError(LeptoError):
    """The knowledge (ontology, rules, shapes, queries) is at fault, not the patient file."""


def one_line(text: str) -> str:
    """Return `text` with everything that does not print (line breaks, control characters) written as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
