"""From documents to resources: bundles, lists, single resources and requests of CDS Hooks are taken apart.

Each resource keeps its place, for messages, and the full URL by which others refer to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from lepto.read.fhir.entries import text
from lepto.read.fhir.marks import RESOURCE_TYPE, is_hook
from lepto.read.strict_json import Object, Value

_PREFETCH: Final = "prefetch"


@dataclass(frozen=True)
class Request:
    """A request of CDS Hooks: its place, and the id of the patient whom it is about, empty where it names none."""

    place: str
    patient: str


@dataclass(frozen=True)
class Resource:
    """A resource, its place in the input, the full URL that its bundle gives it, the place of its bundle, and the
    request with which it came.

    What a resource refers to is looked for in its own bundle before all others.
    """

    content: Object
    place: str
    full_url: str | None = None
    bundle: str = ""
    request: Request | None = None

    @cached_property
    def type(self) -> str | None:
        """The type that the resource names, None where it names none."""
        return text(self.content.get(RESOURCE_TYPE))

    @cached_property
    def name(self) -> str | None:
        """Type and id, as references write them."""
        identifier = text(self.content.get("id"))
        return f"{self.type}/{identifier}" if self.type and identifier else None

    @cached_property
    def base(self) -> str:
        """The server that the full URL names; empty where it names none."""
        url = self.full_url or ""
        return url.removesuffix(f"/{self.name}") if url.startswith("http") and self.name else ""

    @property
    def source(self) -> str:
        """What the resource is called in answers: type and id, or its place."""
        return self.name or self.place

    @cached_property
    def contained(self) -> dict[str, Object]:
        """The resources inside, by id."""
        inside = self.content.get("contained")
        found = [one for one in inside if isinstance(one, Object)] if isinstance(inside, list) else []
        return {name: one for one in found if (name := text(one.get("id")))}


@dataclass(frozen=True)
class Absence:
    """Something that a document holds in place of data: why, and where; whether more than routine; the URL, or type and
    id, of what was deleted; the place of its bundle, and the request with which it came.
    """

    place: str
    reason: str
    warn: bool = False
    deleted: str = ""
    bundle: str = ""
    request: Request | None = None


def lost(place: str) -> Absence:
    """Return what stands in place of something that cannot be read, whoever it is about."""
    return Absence(place, "it cannot be read, and may be about this patient", warn=True)


def resources_of(document: Value, place: str) -> Iterator[Resource | Absence]:
    """Yield every resource of a document, those inside bundles one by one."""
    if isinstance(document, list):
        for number, item in enumerate(document, 1):
            yield from resources_of(item, f"{place} item {number}")
    elif not isinstance(document, Object):
        yield Absence(place, "this is no resource")
    elif is_hook(document):
        request = Request(place, _asked(document.get("context")))
        yield from (replace(one, request=request) for one in _prefetched(document, place))
    else:
        yield from _resource(Resource(document, place))


def _resource(resource: Resource) -> Iterator[Resource | Absence]:
    if resource.type == "Bundle":
        yield from _entries(resource)
    elif resource.type == "OperationOutcome":
        yield Absence(resource.place, "an OperationOutcome stands in place of data: they were not available")
    else:
        yield resource


def _entries(bundle: Resource) -> Iterator[Resource | Absence]:
    entries = bundle.content.get("entry")
    if bundle.content.get("implicitRules") is not None:
        yield Absence(bundle.place, "the bundle is to be read by rules (implicitRules) that are not known here", True)
        return
    if not isinstance(entries, list | None):
        yield Absence(bundle.place, "the entries of the bundle are no list", True)
    for number, item in enumerate(entries if isinstance(entries, list) else [], 1):
        place = f"{bundle.place} entry {number}"
        content = item.get("resource") if isinstance(item, Object) else None
        request = item.get("request") if isinstance(item, Object) else None
        if isinstance(item, Object) and isinstance(request, Object) and request.get("method") == "DELETE":
            deleted = (text(item.get("fullUrl")) or text(request.get("url")) or "").split("/_history/")[0]
            place += f" ({deleted or 'a resource'})"
            yield Absence(place, "it was deleted", True, deleted, bundle.bundle or bundle.place)
        elif isinstance(item, Object) and isinstance(content, Object):
            yield from _resource(Resource(content, place, text(item.get("fullUrl")), bundle.bundle or bundle.place))
        else:
            yield Absence(place, "the entry has no resource")


def _prefetched(document: Object, place: str) -> Iterator[Resource | Absence]:
    prefetch, context = document.get(_PREFETCH), document.get("context")
    if isinstance(context, Object) and isinstance(context.get("draftOrders"), Object):
        yield from resources_of(context.get("draftOrders"), f"{place} context draftOrders")
    if not isinstance(prefetch, Object):
        yield Absence(place, "nothing was fetched", True)
    for key, value in prefetch.pairs if isinstance(prefetch, Object) else ():
        here = f"{place} prefetch {key}"
        if value is None:
            yield Absence(here, "this was not fetched")
        elif isinstance(value, Object) and value.get(RESOURCE_TYPE) == "Bundle" and not value.get("entry"):
            yield Absence(here, "this was searched for, and nothing was found")
        else:
            yield from resources_of(value, here)


def _asked(context: Value) -> str:
    asked = text(context.get("patientId")) if isinstance(context, Object) else None
    return (asked or "").rsplit("/", 1)[-1]
