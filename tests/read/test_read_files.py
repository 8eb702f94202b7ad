"""Files by their names: order, standard input, size, and what cannot be read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from lepto.errors import InputError, LeptoError
from lepto.facts import Fact
from lepto.read import limits, read, read_bytes


def test_files_are_read_in_the_order_given(tmp_path: Path, facts: Mapping[str, Fact]) -> None:
    """Records come in the order of the files, and within a file in its own."""
    (tmp_path / "b").write_text('[{"id": "B2"}, {"id": "B1"}]')
    (tmp_path / "a.ttl").write_text("id\nA1\n")
    records = read([tmp_path / "b", str(tmp_path / "a.ttl")], facts)
    assert [record.patient for record in records] == ["B2", "B1", "A1"]
    assert records[2].origin == f"{tmp_path}/a.ttl line 2"


def test_an_id_is_shared_across_files(tmp_path: Path, facts: Mapping[str, Fact]) -> None:
    """Two files with one id refuse both records and name both files; so does one file that is given twice."""
    for name in ("a", "b"):
        (tmp_path / name).write_text('{"id": "V01"}')
    for other in ("a", "b"):
        records = read([tmp_path / "a", tmp_path / other], facts)
        expected = f"given at {tmp_path}/a item 1 and at {tmp_path}/{other} item 1"
        assert all(expected in record.findings[0].message for record in records)


def test_standard_input(monkeypatch: pytest.MonkeyPatch, facts: Mapping[str, Fact]) -> None:
    """A hyphen is standard input, read as bytes."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'\xef\xbb\xbf{"id": "V01"}'), encoding="latin-1"))
    assert [record.origin for record in read(["-"], facts)] == ["standard input item 1"]
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="standard input: the file: it cannot be read"):
        read(["-"], facts)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.json", "no such file or directory"),
        (".", "is a directory"),
        ("x" * 300, "file name too long"),
        ("a\0b", "not the name of a file"),
        ("missing\n.json", "no such file or directory"),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, facts: Mapping[str, Fact], name: str, reason: str) -> None:
    """A missing file, a directory or an impossible name is refused on one line with the name and the mend."""
    with pytest.raises(InputError) as caught:
        read([str(tmp_path / name)], facts)
    assert isinstance(caught.value, LeptoError)
    assert reason in str(caught.value)
    assert str(caught.value).endswith("; name a readable file")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_beyond_the_limit(tmp_path: Path, facts: Mapping[str, Fact], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is refused, unless it is NDJSON, which is read line by line."""
    monkeypatch.setattr(limits, "FILE_BYTES", 20)
    (tmp_path / "document").write_text('[{"id": "V01"}, {"id": "V02"}]')
    with pytest.raises(InputError, match="it holds more than 20 bytes"):
        read([tmp_path / "document"], facts)
    (tmp_path / "lines").write_text('{"id": "V01"}\n{"id": "V02"}\n')
    assert [record.patient for record in read([tmp_path / "lines"], facts)] == ["V01", "V02"]


def test_a_stream_beyond_the_limit(monkeypatch: pytest.MonkeyPatch, facts: Mapping[str, Fact]) -> None:
    """Standard input beyond the limit is refused, with the way out."""
    monkeypatch.setattr(limits, "FILE_BYTES", 20)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"id": "V01"}\n' * 3)))
    with pytest.raises(InputError, match="give it as NDJSON under a file name"):
        read(["-"], facts)


def test_the_name_of_a_file_stays_on_one_line(facts: Mapping[str, Fact]) -> None:
    """A file name with line breaks or broken characters cannot break a message."""
    (record,) = read_bytes(b"[3]", "a\nb\udcff", facts)
    assert record.patient == "a\\nb\\udcff item 1"
