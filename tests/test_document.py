"""The document says all that the ontology says of a rule, and nothing of its own; the committed one is up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, QuerySolutions

from lepto import document
from lepto.document import DocumentError, folder
from lepto.document.answers import Answers
from lepto.document.cases import Cases
from lepto.document.cover import Point, cover
from lepto.document.pages import MARK
from lepto.document.standings import Combinations, Condition, Standings
from lepto.document.values import labels, values_of
from lepto.knowledge import Knowledge
from lepto.validate import Validator
from lepto.vocabulary import LEPTO, OWL, RDFS, SKOS, local_name
from tests.accept_cases import sound_ones
from tests.copies import ROOT
from tests.patients import record_of, standings_of
from tests.test_cli import lepto
from tests.test_repository import texts

GUIDELINE = ROOT / "docs" / "guideline"
CASES = ROOT / "tests" / "cases"
RENEW = "scripts/lepto document --out docs/guideline --cases tests/cases"
PREFIXES = f"PREFIX lepto: <{LEPTO}> PREFIX owl: <{OWL}> PREFIX rdfs: <{RDFS}> PREFIX skos: <{SKOS}> "
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def rows(knowledge: Knowledge, where: str) -> list[tuple[str, str]]:
    """The pairs (?x, ?y) of a pattern, as local names and texts, each once."""
    answer = knowledge.store.query(f"{PREFIXES} SELECT DISTINCT ?x ?y WHERE {{ {where} }}")
    assert isinstance(answer, QuerySolutions)
    found = [(_text(row[0]), _text(row[1])) for row in answer]
    assert found, f"nothing is looked at: {where}"
    return found


def _text(term: object) -> str:
    if isinstance(term, NamedNode):
        return local_name(term.value)
    assert isinstance(term, Literal)
    return term.value


def pages() -> list[Path]:
    """Every HTML page of the committed document."""
    found = sorted(GUIDELINE.rglob("*.html"))
    assert len(found) > 50, "hardly any page was looked at"
    return found


@cache
def tree(path: Path) -> Any:
    """A page as a browser reads it; whatever a browser would have to mend is an error."""
    return html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))


@cache
def said(path: Path) -> str:
    """The text of a page or a picture, with single spaces."""
    root = tree(path) if path.suffix == ".html" else ElementTree.parse(path).getroot()
    return " ".join(" ".join(root.itertext()).split())


def plain(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())


# What a page must say, counted from the ontology

OF_A_RULE = {
    "its label": "?x a lepto:Rule ; rdfs:label ?y",
    "its definition": "?x a lepto:Rule ; skos:definition ?y",
    "its notes": "?x a lepto:Rule ; skos:scopeNote|skos:editorialNote ?y",
    "its strength": "?x a lepto:Rule ; lepto:strength/rdfs:label ?y",
    "its action": "?x lepto:offers|lepto:bars|lepto:decides ?action . ?action rdfs:label|skos:definition ?y",
    "what it asks for": "?x a lepto:Ask ; lepto:asksFor/rdfs:label ?y",
    "the pathways around it": "?x a lepto:Rule ; lepto:withinPathway+/rdfs:label ?y",
    "its entry criteria": "?x a lepto:Rule ; lepto:withinPathway+/lepto:entryCriterion/rdfs:label ?y",
    "its criteria": "?x lepto:requires|lepto:unless ?criterion . ?criterion rdfs:label|skos:definition ?y",
    "its claims": "?x a lepto:Rule ; lepto:basedOnClaim/lepto:paraphrase ?y",
    "their certainty": "?x a lepto:Rule ; lepto:basedOnClaim/^lepto:appraises/lepto:certaintyNote ?y",
    "its resolutions": "?x a lepto:Rule ; lepto:basedOnResolution/(lepto:question|lepto:resolvedAs) ?y",
    "their rationale": "?x a lepto:Rule ; lepto:basedOnResolution/lepto:rationale ?y",
    "its own evidence": "?x a lepto:Rule ; lepto:basedOnEvidence ?y",
    "evidence of its claims": "?x a lepto:Rule ; lepto:basedOnClaim/^lepto:appraises/lepto:basedOnEvidence ?y",
    "its results": "?x a lepto:Rule ; lepto:basedOnClaim/^lepto:appraises/lepto:basedOnEvidence/lepto:result ?y",
    "its discrepancies": "?x a lepto:Rule ; lepto:basedOnClaim/^lepto:concernsClaim/lepto:carriedAs ?y",
    "its cautions": "?x lepto:offers/lepto:fallsUnder/^lepto:cautionsOn/lepto:statement ?y",
    "the bars that reach it": "?x lepto:offers/lepto:fallsUnder/^lepto:bars/rdfs:label ?y",
    "the asks that hold it": "?ask lepto:blocking true ; lepto:decides/^lepto:offers ?x ; rdfs:label ?y",
    "what the bar reaches": "?x lepto:bars/^lepto:fallsUnder/rdfs:label ?y",
    "the caveats": "?x a lepto:Rule . ?caveat a lepto:Caveat ; lepto:statement ?y",
}


@pytest.mark.parametrize("what", OF_A_RULE)
def test_the_page_of_a_rule_says(knowledge: Knowledge, what: str) -> None:
    """Each text is on the page of its rule, whole, in the words of the ontology."""
    missing = [
        (rule, text)
        for rule, text in rows(knowledge, OF_A_RULE[what])
        if plain(text).lower() not in said(GUIDELINE / "rules" / f"{rule}.html").lower()
    ]
    assert missing == [], f"renew the document: {RENEW}"


def test_every_rule_and_every_pathway_has_its_page_and_no_page_has_none(knowledge: Knowledge) -> None:
    rules = {rule for rule, _ in rows(knowledge, OF_A_RULE["its label"])}
    pathways = {pathway for pathway, _ in rows(knowledge, "?x a lepto:Pathway ; rdfs:label ?y")}
    for suffix in (".md", ".html"):
        assert {path.stem for path in (GUIDELINE / "rules").glob(f"*{suffix}")} == rules, RENEW
        assert {path.stem for path in (GUIDELINE / "pathways").glob(f"*{suffix}")} == pathways, RENEW
    assert {path.stem for path in (GUIDELINE / "pathways").glob("*.svg")} == pathways, RENEW


def test_the_one_table_of_a_pathway_has_every_rule_that_concerns_whoever_is_in_it(knowledge: Knowledge) -> None:
    """Those that require what the pathway excludes are left out, and no others."""
    around = "?x lepto:withinPathway* ?p . ?y lepto:withinPathway ?p"
    beside = "?x lepto:withinPathway*/^lepto:withinPathway ?p . FILTER NOT EXISTS { ?p lepto:entryCriterion ?c }"
    inside = f"?y a lepto:Rule . {{ {around} }} UNION {{ {beside} ?y lepto:withinPathway ?p }} ?x a lepto:Pathway"
    excluding = "lepto:withinPathway*/lepto:entryCriterion/(owl:disjointWith|^owl:disjointWith)/^lepto:requires"
    left_out = rows(knowledge, f"?x {excluding} ?y . ?y a lepto:Rule")
    for pathway, rule in rows(knowledge, inside):
        tables = tree(GUIDELINE / "pathways" / f"{pathway}.html").findall(f".//{XHTML}table")
        assert len(tables) == 1
        linked = {Path(link.get("href")).stem for link in tables[0].iter(f"{XHTML}a")}
        assert (rule in linked) != ((pathway, rule) in left_out), f"{pathway}: {rule}"


def test_a_row_names_the_bars_that_reach_an_action_by_its_composition() -> None:
    """What an action consists of decides which bars its row names."""
    page = tree(GUIDELINE / "pathways" / "FavourableBreastPathway.html")
    cells = [list(row) for row in page.iter(f"{XHTML}tr")]
    reached = {" ".join(row[1].itertext()): " ".join(row[4].itertext()) for row in cells}
    assert "Bar systemic chemotherapy with craniospinal irradiation" in reached["Offer the tucatinib combination"]


def test_a_row_names_the_rule_that_sets_it_aside(knowledge: Knowledge) -> None:
    """An offer that another one overrides is not read as if it stood alone, wherever both concern the patient."""
    looked_at = 0
    for path in sorted((GUIDELINE / "pathways").glob("*.html")):
        links = [
            [Path(link.get("href")).stem for link in row.iter(f"{XHTML}a")] for row in tree(path).iter(f"{XHTML}tr")
        ]
        shown = {names[0] for names in links if names}
        for rule, other in rows(knowledge, "?x lepto:overrides ?y"):
            if {rule, other} <= shown:
                looked_at += 1
                assert [rule in names for names in links if names[:1] == [other]] == [True], path
    assert looked_at


def test_a_picture_names_every_rule_and_entry_of_its_pathway_and_of_those_inside(knowledge: Knowledge) -> None:
    labels_of = "?x a lepto:Pathway . ?p lepto:withinPathway* ?x . { ?r lepto:withinPathway ?p ; a lepto:Rule } UNION "
    labels_of += "{ ?p lepto:entryCriterion ?r } ?r rdfs:label ?y"
    for pathway, label in rows(knowledge, labels_of):
        assert label.lower() in said(GUIDELINE / "pathways" / f"{pathway}.svg").lower(), f"{pathway}: {label}"


def test_the_index_leads_to_every_page_and_says_who_has_not_reviewed(knowledge: Knowledge) -> None:
    index = GUIDELINE / "index.html"
    linked = {(GUIDELINE / link.get("href")).resolve() for link in tree(index).iter(f"{XHTML}a")}
    assert set(pages()) - {index} <= linked
    for _, text in rows(knowledge, "?x lepto:reviewStatus/skos:definition ?y"):
        assert plain(text) in said(index)


def test_without_cases_the_page_says_so_and_with_them_it_counts(knowledge: Knowledge) -> None:
    counted = re.compile(r"It stands in (\d+), falls in (\d+) and waits in (\d+) of (\d+) patients;")
    for path in (GUIDELINE / "rules").glob("*.html"):
        match = counted.search(said(path))
        assert match, path
        stands, falls, waits, answered = map(int, match.groups())
        assert stands + falls + waits == answered > 100


# Form


def test_pages_are_valid_html_with_language_title_and_one_heading() -> None:
    for path in pages():
        page = tree(path)
        assert page.get("lang") == "en"
        assert page.findtext(f".//{XHTML}title")
        assert len(page.findall(f".//{XHTML}h1")) == 1
        assert all(image.get("alt") for image in page.iter(f"{XHTML}img"))


def test_pages_load_nothing_from_elsewhere_and_run_nothing() -> None:
    for path in pages():
        page = tree(path)
        assert not list(page.iter(f"{XHTML}script"))
        loaded = [e.get("src") or e.get("href") for tag in ("img", "link") for e in page.iter(f"{XHTML}{tag}")]
        assert loaded
        assert not [place for place in loaded if ":" in place or place.startswith("/")]
    style = (GUIDELINE / "style.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_every_link_leads_somewhere(suffix: str) -> None:
    looked_at = 0
    for path in sorted(GUIDELINE.rglob(f"*{suffix}")):
        for link in _links(path):
            looked_at += 1
            assert (path.parent / unquote(link)).exists(), f"{path.relative_to(ROOT)}: {link}"
            assert not link.endswith(".html" if suffix == ".md" else ".md"), f"{path}: {link}"
    assert looked_at > 1000


def _links(path: Path) -> Iterator[str]:
    if path.suffix == ".md":
        found = re.findall(r"\]\(<?([^)>]+)>?\)", path.read_text(encoding="utf-8"))
    else:
        found = [e.get("href") or e.get("src") or "" for e in tree(path).iter() if isinstance(e.tag, str)]
    yield from (link for link in found if link and not link.startswith("https://"))


def test_a_picture_tells_itself_and_keeps_its_text_inside() -> None:
    pictures = sorted(GUIDELINE.rglob("*.svg"))
    assert pictures
    for path in pictures:
        root = ElementTree.parse(path).getroot()
        assert root.findtext(f"{SVG}title")
        assert root.findtext(f"{SVG}desc")
        right, bottom = (float(root.get("viewBox", "").split()[place]) for place in (2, 3))
        for line in root.findall(f"{SVG}text"):
            assert float(line.get("x", 0)) + 7 * len(line.text or "") < right, f"{path}: {line.text}"
            assert float(line.get("y", 0)) < bottom


def test_a_rule_is_marked_by_shape_and_not_by_colour_alone() -> None:
    """An offer has a circle, a bar a square, an ask a diamond with a sign that is text."""
    shapes: dict[str, set[str]] = {}
    for path in sorted(GUIDELINE.rglob("*.svg")):
        for group in ElementTree.parse(path).getroot().findall(f"{SVG}g"):
            mark = next(part for part in group if part.get("class") == "mark")
            shapes.setdefault(group.get("class", "").split()[0], set()).add(mark.tag)
    assert shapes == {"Offer": {f"{SVG}circle"}, "Bar": {f"{SVG}rect"}, "Ask": {f"{SVG}path"}}


def test_the_document_is_looked_through_for_copied_sentences() -> None:
    """What tests of the repository look for in its texts, they look for in the document too."""
    looked_at = {path for path, _ in texts()}
    assert {path for path in GUIDELINE.rglob("*") if path.is_file()} <= looked_at


def test_no_template_and_no_module_has_a_word_of_medicine(knowledge: Knowledge) -> None:
    """Treatments, substances, values and pathways are named by the ontology alone."""
    terms = "VALUES ?k { lepto:Treatment lepto:Substance lepto:Pathway lepto:OriginTumour lepto:CsfDevice } ?x a ?k"
    names = {label.lower() for _, label in rows(knowledge, f"{terms} ; rdfs:label ?y")} | {"tumour", "radiotherapy"}
    sources = [
        path for path in (ROOT / "src" / "lepto" / "document").rglob("*.*") if path.suffix in {".py", ".j2", ".css"}
    ]
    assert len(sources) > 10
    found = [
        (path.name, name) for path in sources for name in names if name in path.read_text(encoding="utf-8").lower()
    ]
    assert found == []


# The committed document


@pytest.mark.slow
def test_the_committed_document_is_what_the_ontology_says_today(knowledge: Knowledge) -> None:
    """Made anew, every file has the same bytes, and there is no other."""
    made = {path: text.encode() for path, text in document.files(knowledge, GUIDELINE, CASES).items()}
    committed = {
        path.relative_to(GUIDELINE).as_posix(): path.read_bytes() for path in GUIDELINE.rglob("*") if path.is_file()
    }
    stale = sorted(path for path in {*made, *committed} if made.get(path) != committed.get(path))
    assert stale == [], f"renew the document: {RENEW}"


# Standings


def test_told_standings_are_those_that_are_derived(knowledge: Knowledge) -> None:
    """For every combination of values exactly one of the three is told, and it is the standing that patients get."""
    names = [
        "EstablishedLeptomeningealMetastasis",
        "FavourablePrognosis",
        "HydrocephalusUnderShunt",
        "BrafV600MutatedTumour",
    ]
    answers = Answers(knowledge)
    told = Combinations(answers).standings(names)
    looked_at, validator = 0, Validator(knowledge)
    for name in names:
        facts = {row["fact"]: row["label"] for row in answers.ask("facts", criterion=name)}
        domains = [[None, *values_of(knowledge, fact)] for fact in facts]
        for number, point in enumerate(product(*domains)):
            if number % 7:
                continue
            stated = {fact: value for fact, value in zip(facts, point, strict=True) if value is not None}
            record = record_of(knowledge, {fact: value.stated for fact, value in stated.items()})
            if not sound_ones(validator, [record]):
                continue
            looked_at += 1
            recorded = {facts[fact]: labels([value])[0] for fact, value in stated.items()}
            assert _standing(told[name], recorded) == [standings_of(knowledge, record)[name]], f"{name}: {recorded}"
    assert looked_at > 15


def _standing(told: Standings, recorded: dict[str, str]) -> list[str]:
    """The standings under whose conditions a record falls."""
    told_as = {"met": told.met, "not-met": told.not_met, "unknown": told.unknown}
    return [word for word, ways in told_as.items() if any(all(_holds(one, recorded) for one in way) for way in ways)]


def _holds(condition: Condition, recorded: dict[str, str]) -> bool:
    value = recorded.get(condition.fact)
    if value is None:
        return condition.silence
    return (value in condition.values) != condition.negated


@given(st.data())
def test_a_cover_holds_all_that_it_should_and_nothing_else(data: st.DataObject) -> None:
    domains = [list(range(data.draw(st.integers(1, 3)))) for _ in range(data.draw(st.integers(1, 4)))]
    points: list[Point] = list(product(*domains))
    results = {point: data.draw(st.sampled_from(["yes", "no", "never"])) for point in points}
    possible = {point: result for point, result in results.items() if result != "never"}
    boxes = cover(domains, possible, "yes") if possible else []
    covered = {p for p in possible for box in boxes if all(v in part for v, part in zip(p, box, strict=True))}
    assert covered == {point for point, result in possible.items() if result == "yes"}


def test_numbers_are_told_as_stretches_between_the_thresholds_of_the_ontology(knowledge: Knowledge) -> None:
    values = values_of(knowledge, "karnofskyPerformanceStatus")
    assert [value.label for value in values] == ["below 70", "70 or more"]
    assert labels(values[1:]) == ("70 or more",)
    assert labels(values) == ("any number",)


# Bad use


def written(place: Path) -> dict[str, str]:
    """The files below a folder."""
    return {path.relative_to(place).as_posix(): path.read_text() for path in place.rglob("*") if path.is_file()}


def test_an_older_document_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder.put({"a.md": MARK, "b/c.md": MARK}, out, MARK)
    folder.put({"a.md": f"{MARK}!"}, out, MARK)
    assert written(tmp_path) == {"out/a.md": f"{MARK}!"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    folder.put({"a.md": MARK}, tmp_path, MARK)
    assert written(tmp_path) == {"a.md": MARK}


def test_half_a_document_is_never_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file cannot be written, or moved, what was there stays as it was, and nothing lies beside it."""
    out = tmp_path / "out"
    folder.put({"a.md": MARK}, out, MARK)
    with pytest.raises(DocumentError, match="File name too long"):
        folder.put({"a.md": f"{MARK}!", f"{'x' * 300}.md": MARK}, out, MARK)
    assert written(tmp_path) == {"out/a.md": MARK}
    rename = Path.rename
    refuse = iter([False, True])

    def fails_once(self: Path, target: Path) -> Path:
        if next(refuse, False):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_once)
    with pytest.raises(DocumentError, match="Input/output error"):
        folder.put({"a.md": f"{MARK}!"}, out, MARK)
    assert written(tmp_path) == {"out/a.md": MARK}


def test_a_place_that_cannot_take_a_document_is_one_line_and_status_two(tmp_path: Path) -> None:
    """A file, a folder with other files, and a folder in a folder that is not there: nothing is changed."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = written(tmp_path)
    for out, word in (("file", "this is a file"), ("notes", "mine.txt"), ("no/where", "no such folder")):
        run = lepto("document", "--out", str(tmp_path / out))
        assert (run.returncode, run.stdout) == (2, "")
        assert len(run.stderr.splitlines()) == 1
        assert word in run.stderr
    assert written(tmp_path) == before


@pytest.mark.parametrize("fault", ["no cases", "no text", "no patient"])
def test_cases_that_cannot_be_used_are_refused_by_name(knowledge: Knowledge, tmp_path: Path, fault: str) -> None:
    case = tmp_path / "a-case"
    if fault != "no cases":
        case.mkdir()
        (case / "expected.json").write_text('[{"on": "2026-11-22"}]')
    if fault == "no patient":
        (case / "case.md").write_text("What it shows.")
    with pytest.raises(DocumentError, match="no folder with cases" if fault == "no cases" else "a-case"):
        Cases(knowledge, tmp_path)
