"""Bytes to text: UTF-8 or nothing, whole or line by line, without ever holding a line that is too long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lepto.errors import InputError
from lepto.read import limits

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """One line: its number from 1, the offset of its first byte, its bytes (None where it is too long)."""

    number: int
    offset: int
    content: bytes | None

    @property
    def is_blank(self) -> bool:
        """Tell whether the line holds nothing but white space."""
        return self.content is not None and not self.content.strip(b" \t\r\n")


def decode(content: bytes, name: str, offset: int = 0) -> str:
    """Return the text of bytes that stand at `offset` in the file. Raises InputError where they are not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputError(name, f"byte {offset + error.start}", "the file is not UTF-8", "save it as UTF-8") from None


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a binary stream that are not blank; a UTF-8 byte order mark at the start is left out."""
    return (line for line in _all_lines(stream) if not line.is_blank)


def _all_lines(stream: BinaryIO) -> Iterator[Line]:
    number, offset = 0, 0
    while start := stream.readline(limits.LINE_BYTES + 1):
        number += 1
        if _is_too_long(start):
            yield Line(number, offset, None)
            offset += skip_line(stream)
        else:
            mark = len(BYTE_ORDER_MARK) if number == 1 and start.startswith(BYTE_ORDER_MARK) else 0
            yield Line(number, offset + mark, start[mark:])
        offset += len(start)


def _is_too_long(start: bytes) -> bool:
    return len(start) > limits.LINE_BYTES and not start.endswith(b"\n")


def skip_line(stream: BinaryIO) -> int:
    """Read on to the end of the line, keeping nothing; return how many bytes there were."""
    skipped = 0
    while chunk := stream.readline(limits.MIB):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return skipped
