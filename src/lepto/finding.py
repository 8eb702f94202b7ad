"""One thing that is to be said about a patient's data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """A true sentence about one patient's data.

    `severity` is "violation" (costs this patient the answer), "warning" or "info"; `property` and `value` are the fact
    that it is about, where there is one; `message` says what, where and the mend.
    """

    severity: str
    property: str | None
    value: str | None
    message: str
