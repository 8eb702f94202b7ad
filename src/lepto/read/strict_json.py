"""JSON to the letter: nothing is lost, nothing is guessed, nothing overflows.

Python's own parser keeps the last of two equal keys, takes NaN, rounds numbers and overflows on depth. Here every pair
and the text of every number are kept, and what is not sound is told apart from what is not JSON at all.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from lepto.read import limits
from lepto.read.literals import is_number, is_within_limits

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True)
class Number:
    """A JSON number as it was written; NaN, Infinity and -Infinity too, which `faults` refuses."""

    text: str


@dataclass(frozen=True)
class Object:
    """A JSON object with all of its pairs in their order, equal keys included."""

    pairs: tuple[tuple[str, Value], ...]

    def get(self, key: str) -> Value:
        """Return the value of the first pair with this key, or None where there is none."""
        for name, value in self.pairs:
            if name == key:
                return value
        return None

    def count(self, *keys: str) -> int:
        """Return how many pairs have one of these keys."""
        return sum(name in keys for name, _ in self.pairs)


Value: TypeAlias = "str | bool | Number | Object | list[Value] | None"


@dataclass(frozen=True)
class Fault:
    """Something within one value that JSON allows to be written and nobody may rely on.

    `key` is the outermost key that it is under, `value` the offending text, for the one who owns the data.
    """

    key: str | None
    value: str | None
    fault: str
    mend: str


class NotJsonError(Exception):
    """A text that is not JSON, or is nested too deeply to be read: where, what and the mend."""

    def __init__(self, line: int, column: int, fault: str, mend: str) -> None:
        super().__init__(line, column, fault, mend)
        self.line = line
        self.column = column
        self.fault = fault
        self.mend = mend


def parse(text: str) -> Value:
    """Return the one JSON value that `text` is. Raises NotJsonError."""
    _check_depth(text)
    try:
        value: Value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at").removesuffix(" starting")
        fault = f"this is not JSON ({reason[:1].lower()}{reason[1:]})"
        raise _not_json(text, error.pos, fault) from None
    return value


def faults(value: Value) -> list[Fault]:
    """Return the first faults within a value: equal keys, numbers that are none or too long, half characters."""
    return list(islice(_faults(value, None), limits.FAULTS))


def dump(value: Value, *, in_order: bool = False) -> str:
    """Return the JSON text of a value, in one way only: keys sorted, no white space, numbers as they were written.

    With `in_order` keys stay as they stand, so that what is parsed from the text is the same value.
    """
    if isinstance(value, Object):
        pairs = value.pairs if in_order else sorted(value.pairs, key=_key)
        return "{" + ",".join(f"{_QUOTED(key)}:{dump(part, in_order=in_order)}" for key, part in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(part, in_order=in_order) for part in value) + "]"
    if isinstance(value, Number):
        return value.text
    return _QUOTED(value)


_QUOTED = json.JSONEncoder(ensure_ascii=False).encode


def _key(pair: tuple[str, Value]) -> str:
    return pair[0]


def _object(pairs: list[tuple[str, Any]]) -> Object:
    return Object(tuple(pairs))


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=Number)


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= limits.DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > limits.DEPTH:
            mend = f"a patient's facts need four levels; {limits.DEPTH} are allowed"
            raise _not_json(text, token.start(), "the JSON is nested too deeply", mend)


def _not_json(
    text: str, position: int, fault: str, mend: str = "write it as one JSON value (RFC 8259)"
) -> NotJsonError:
    line = text.count("\n", 0, position) + 1
    return NotJsonError(line, position - text.rfind("\n", 0, position), fault, mend)


def _faults(value: Value, key: str | None) -> Iterator[Fault]:
    if isinstance(value, Object):
        yield from _object_faults(value, key)
    elif isinstance(value, list):
        for part in value:
            yield from _faults(part, key)
    elif isinstance(value, Number):
        yield from _number_faults(value, key)
    elif isinstance(value, str) and _is_broken(value):
        yield Fault(key, value, "a text holds half of a surrogate pair", "write the character whole")


def _object_faults(value: Object, outer: str | None) -> Iterator[Fault]:
    times = Counter(key for key, _ in value.pairs)
    for key in sorted(key for key in times if times[key] > 1):
        yield Fault(outer or key, None, f"the key {_shown(key)} is given {times[key]} times", "keep one of them")
    for key, part in value.pairs:
        if _is_broken(key):
            yield Fault(outer, None, f"the key {_shown(key)} holds half of a surrogate pair", "write it whole")
        yield from _faults(part, outer or key)


def _number_faults(value: Number, key: str | None) -> Iterator[Fault]:
    if not is_number(value.text):
        yield Fault(key, value.text, "a value is not a number that JSON knows", "give the number, or leave the key out")
    elif not is_within_limits(value.text):
        mend = f"give at most {limits.DIGITS} digits and an exponent of at most {limits.EXPONENT}"
        yield Fault(key, value.text, "a number is too long or too large to be held exactly", mend)


def _shown(key: str) -> str:
    return json.dumps(key[: limits.VALUE_CHARACTERS])


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
