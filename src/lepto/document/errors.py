"""What can go wrong while a document is made."""

from __future__ import annotations

from lepto.errors import LeptoError, one_line


class DocumentError(LeptoError):
    """A document that cannot be made or written. `str()` is one line that names the place, the fault and the mend."""

    def __str__(self) -> str:
        return one_line(super().__str__())
