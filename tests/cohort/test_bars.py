"""The pictures of a cohort: bars are as long as the counts say."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from lepto.cohort.bars import ROOM, bars

SVG = "{http://www.w3.org/2000/svg}"
COLOURS = {"yes": "#1b7837", "no": "#b2182b"}
COUNTS = {"few": {"no": 7}, "many": {"no": 300, "yes": 100}, "a & <b>": {"yes": 40, "no": 0}}


def test_each_part_is_as_long_as_its_count_and_begins_where_the_last_one_ends() -> None:
    """The longest bar fills the room and comes first; names are escaped; what is zero is not drawn."""
    picture = ElementTree.fromstring(bars(COUNTS, COLOURS, "Patients"))
    parts = [(part, part.findtext(f"{SVG}title")) for part in picture.iter(f"{SVG}rect")]
    drawn = [(told, float(part.attrib["width"]), part.attrib["fill"]) for part, told in parts if told]
    assert drawn == [
        ("many: yes, 100", ROOM / 4, COLOURS["yes"]),
        ("many: no, 300", ROOM * 3 / 4, COLOURS["no"]),
        ("a & <b>: yes, 40", ROOM / 10, COLOURS["yes"]),
        ("few: no, 7", pytest.approx(ROOM * 7 / 400, abs=0.05), COLOURS["no"]),
    ]
    first, second = (part for part, told in parts if told and told.startswith("many"))
    assert float(first.attrib["x"]) + float(first.attrib["width"]) == float(second.attrib["x"])
    ticks = [one for one in picture.iter(f"{SVG}text") if one.get("class") == "tick"]
    assert [one.text for one in ticks] == ["0", "100", "200", "300", "400"]
    places = [float(one.attrib["x"]) for one in ticks]
    assert {round(after - before, 1) for before, after in pairwise(places)} == {ROOM / 4}


def test_nothing_counted_is_a_picture_too() -> None:
    assert b"<svg" in bars({}, COLOURS, "Patients")
