"""The names of facts, values and treatments as a FHIR R4 CodeSystem, for what no terminology has a code."""

from __future__ import annotations

import json
from typing import Any, Final

from lepto.knowledge import Knowledge
from lepto.space import named_values
from lepto.vocabulary import FACT_CODES, LEPTO, SKOS, local_name

DEFINITION: Final = SKOS + "definition"


def render(knowledge: Knowledge) -> str:
    """Return the CodeSystem as JSON: each fact of a patient with its values below it, and each treatment."""
    definitions = _definitions(knowledge)

    def concept(name: str, **more: Any) -> dict[str, Any]:
        return {"code": name, "display": knowledge.label(LEPTO + name), "definition": definitions[name], **more}

    facts = [fact for fact in knowledge.facts.values() if not fact.nested]
    treatments = sorted(iri.removeprefix(LEPTO) for iri in knowledge.values.members[LEPTO + "Treatment"])
    concepts = []
    for fact in facts:
        names = [] if fact.datatype or fact.many or fact.name == "treatment" else named_values(knowledge, fact.name)
        below = [concept(name) for name in sorted(set(names))]
        concepts.append(concept(fact.name, **({"concept": below} if below else {})))
    concepts += [concept(name) for name in treatments]
    codes = _unique(concepts)
    found = {
        "resourceType": "CodeSystem",
        "id": local_name(FACT_CODES),
        "url": FACT_CODES,
        "version": knowledge.version,
        "name": "LeptoFactCodes",
        "title": "LEPTO facts, values and treatments",
        "status": "draft",
        "experimental": True,
        "description": "For what no terminology has: an Observation coded with a fact states it, with a value below "
        "the fact, a number or a truth value. Research software, not a medical device.",
        "copyright": "CC BY 4.0",
        "caseSensitive": True,
        "content": "complete",
        "count": sum(1 + len(one.get("concept", ())) for one in codes),
        "concept": codes,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _unique(concepts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The concepts, a value that several facts have below the first of them only."""
    seen: set[str] = set()
    found = []
    for one in concepts:
        below = [value for value in one.get("concept", ()) if value["code"] not in seen]
        seen |= {one["code"], *(value["code"] for value in below)}
        found.append({**one, "concept": below} if below else {k: v for k, v in one.items() if k != "concept"})
    return found


def _definitions(knowledge: Knowledge) -> dict[str, str]:
    answer = knowledge.store.query(f"SELECT ?term ?text {{ ?term <{DEFINITION}> ?text }}")
    return {term.value.removeprefix(LEPTO): text.value for term, text in answer}  # type: ignore[union-attr]
