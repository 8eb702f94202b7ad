"""When something was: FHIR dates as stretches of time that are ordered only where they cannot overlap."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_FORM = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_YEARS = range(1850, 2200)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(9000, 1, 1, tzinfo=UTC)
ANY_ZONE = timedelta(hours=14)
"""No place on earth is further from UTC: a local time and one with a zone are so far apart at most."""


class NoMomentError(ValueError):
    """A text that is no date of FHIR, a day that no calendar has, or a year of nobody who is alive."""


@dataclass(frozen=True)
class Moment:
    """A stretch of time: from `first` to before `end`; whether its place in UTC is known; as it was written."""

    first: datetime
    end: datetime
    zoned: bool
    text: str

    def is_before(self, other: Moment) -> bool:
        """Say whether this surely ended before the other began."""
        apart = timedelta(0) if self.zoned == other.zoned else ANY_ZONE
        return self.end + apart <= other.first

    def is_after_day(self, day: date) -> bool:
        """Say whether this surely began after a day, wherever on earth the day is meant."""
        return (self.first - (ANY_ZONE if self.zoned else timedelta(0))).date() > day

    def until(self, other: Moment) -> Moment:
        """Return the stretch from the beginning of this to the end of another."""
        return Moment(self.first, other.end, self.zoned and other.zoned, f"{self.text}/{other.text}")

    def onwards(self) -> Moment:
        """Return the stretch from the beginning of this, of which no end is told."""
        return Moment(self.first, FAR_AHEAD, self.zoned, f"{self.text}/")

    @property
    def has_clock(self) -> bool:
        """Whether a time of day is told."""
        return "T" in self.text

    @property
    def day(self) -> date | None:
        """The day on which this was, None where it may be several."""
        whole = len(self.text) >= len("YYYY-MM-DD") and "/" not in self.text
        return date.fromisoformat(self.text[:10]) if whole else None


def moment(text: str) -> Moment:
    """Return the stretch of time that a FHIR date, dateTime or instant names. Raises NoMomentError."""
    form = _FORM.fullmatch(text)
    if form is None or int(form["year"]) not in _YEARS:
        raise NoMomentError(text)
    try:
        return _moment(text, form)
    except ValueError:
        raise NoMomentError(text) from None


def _moment(text: str, form: re.Match[str]) -> Moment:
    year, month, day = int(form["year"]), form["month"], form["day"]
    if month is None:
        return Moment(_start(date(year, 1, 1)), _start(date(year + 1, 1, 1)), False, text)
    if day is None:
        days = monthrange(year, int(month))[1]
        first = _start(date(year, int(month), 1))
        return Moment(first, first + timedelta(days=days), False, text)
    on = date(year, int(month), int(day))
    if form["time"] is None:
        return Moment(_start(on), _start(on) + timedelta(days=1), False, text)
    clock = time.fromisoformat(form["time"][:15])
    at = datetime.combine(on, clock, UTC)
    if form["zone"] in (None, "Z"):
        return Moment(at, at + timedelta(seconds=1), form["zone"] is not None, text)
    hours, minutes = form["zone"][1:].split(":")
    shift = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if form["zone"][0] == "-" else -1)
    return Moment(at + shift, at + shift + timedelta(seconds=1), True, text)


def completed_years(born: date, on: date) -> int:
    """Return how many years were completed from a day of birth to a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
