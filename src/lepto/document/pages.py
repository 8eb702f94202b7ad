"""All files of the document: a page a rule, a page and a picture a pathway, and an index, in Markdown and in HTML.

Every word on a page is an answer to a question in `queries/document/`, or belongs to the frame that the templates give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode

from lepto.document.answers import Answers, Row
from lepto.document.cases import Cases
from lepto.document.picture import picture
from lepto.document.standings import Combinations
from lepto.explain import Explainer
from lepto.knowledge import Knowledge, Module
from lepto.render.as_text import regimen_in_words
from lepto.templates import templates
from lepto.vocabulary import LEPTO, local_name

MARK = "Made by lepto document"
NOTICE = f"{MARK}; changes belong in the ontology"
COMMENTS = {".md": "<!-- {} -->\n\n", ".html": "<!-- {} -->\n", ".svg": "<!-- {} -->\n", ".css": "/* {} */\n"}
TITLE, DESCRIPTION = (f"http://purl.org/dc/terms/{name}" for name in ("title", "description"))
NOWHERE = 10**9
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True)
class Part:
    """A part of the source: what its module says of itself, and its rules in the order of the source."""

    title: str
    description: str
    rules: tuple[Row, ...]


class Pages:
    """The document on a knowledge.

    In: the knowledge; the cases that show its rules, if there are any, and the way from this folder to theirs.
    """

    def __init__(self, knowledge: Knowledge, cases: Cases | None = None, cases_at: str = "") -> None:
        self.knowledge = knowledge
        self.answers = Answers(knowledge)
        self.cases = cases
        self.cases_at = cases_at
        self.prose = _environment(finalize=_escaped)
        self.drawing = _environment()

    def files(self) -> dict[str, str]:
        """Return the text of every file by its path in the document's folder."""
        return {path: _marked(path, text) for path, text in self._files()}

    def _files(self) -> Iterator[tuple[str, str]]:
        style = Path(__file__).parent / "templates" / "style.css"
        yield "style.css", style.read_text(encoding="utf-8")
        yield from self._page("README.md", "index.md.j2", parts=self.parts)
        for pathway in self.answers.rows("pathways"):
            name = pathway["pathway"]
            drawn = picture(self.answers, name)
            svg = self.drawing.get_template("picture.svg.j2").render(picture=drawn, pathway=pathway)
            yield f"pathways/{name}.svg", svg
            yield from self._page(f"pathways/{name}.md", "pathway.md.j2", pathway=pathway)
        for rule in self.answers.rows("rules"):
            yield from self._page(f"rules/{rule['rule']}.md", "rule.md.j2", rule=rule)

    def _page(self, path: str, template: str, **about: Any) -> Iterator[tuple[str, str]]:
        up = "../" * path.count("/")
        text = self.prose.get_template(template).render(
            **about,
            ask=self.answers.ask,
            rows=self.answers.rows,
            standings=self.standings,
            regimens=self.regimens,
            cases=self.cases,
            cases_at=up + self.cases_at,
            version=self.knowledge.version,
            up=up,
        )
        text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
        title = text.partition("\n")[0].removeprefix("# ")
        body = Markup(_html(text))  # noqa: S704  made by markdown-it, which escapes what is no Markdown
        yield path, text
        yield _html_path(path), self.drawing.get_template("page.html.j2").render(title=title, body=body, up=up)

    @cached_property
    def standings(self) -> Mapping[str, Any]:
        """How recorded values decide every criterion on which a rule rests."""
        return Combinations(self.answers).standings({row["criterion"] for row in self.answers.rows("rule-criteria")})

    @cached_property
    def regimens(self) -> dict[str, str]:
        """Dose and schedule of every action that has them, in words."""
        return {
            local_name(action): regimen_in_words(regimen)
            for action, regimen in Explainer(self.knowledge).regimens.items()
        }

    @cached_property
    def parts(self) -> list[Part]:
        """The parts of the source from which rules come, in its order."""
        found = [part for module in self.knowledge.modules if (part := self._part(module)).rules]
        return sorted(found, key=self._end)

    def _end(self, part: Part) -> int:
        """Where the source comes to the last rule of a part."""
        places = (place for place, _ in map(self._place, part.rules) if place < NOWHERE)
        return max(places, default=NOWHERE)

    def _part(self, module: Module) -> Part:
        said = {
            t.predicate.value: t.object.value
            for t in module.triples
            if t.subject == NamedNode(module.iri) and isinstance(t.object, Literal)
        }
        subjects = {t.subject for t in module.triples if t.predicate == NamedNode(LEPTO + "partOfGuideline")}
        rules = [row for row in self.answers.rows("rules") if NamedNode(LEPTO + row["rule"]) in subjects]
        return Part(said.get(TITLE, ""), said.get(DESCRIPTION, ""), tuple(sorted(rules, key=self._place)))

    def _place(self, rule: Row) -> tuple[int, str]:
        """Where the source speaks of a rule first; what it does not speak of comes last."""
        places = [int(claim["start"]) for claim in self.answers.ask("claims", rule=rule["rule"])]
        return min(places, default=NOWHERE), rule["label"]


def _environment(**options: Any) -> Environment:
    environment = templates(__file__, **options)
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    return environment


def _escaped(value: object) -> Markup:
    """Text of the graph as Markdown that says just this text."""
    return value if isinstance(value, Markup) else Markup(_SPECIAL.sub(r"\\\1", str(value)))  # noqa: S704


def _html_path(path: str) -> str:
    page = PurePosixPath(path)
    return str(page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html"))


def _html(text: str) -> str:
    """Markdown as HTML in which links to pages lead to their HTML."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule(
        "table_open", lambda *_: '<div class="wide" role="region" aria-label="Table" tabindex="0">\n<table>\n'
    )
    markdown.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    tokens = markdown.parse(text)
    for token in _all(tokens):
        href = token.attrs.get("href")
        if isinstance(href, str) and href.endswith(".md") and "://" not in href:
            token.attrs["href"] = _html_path(href)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _marked(path: str, text: str) -> str:
    """A file with the mark, which in HTML comes after the first line."""
    suffix = PurePosixPath(path).suffix
    comment = COMMENTS[suffix].format(NOTICE)
    if suffix == ".html":
        first, rest = text.split("\n", 1)
        return f"{first}\n{comment}{rest}"
    return comment + text
