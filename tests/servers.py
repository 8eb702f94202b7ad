"""A SPARQL endpoint over real HTTP by a real engine, small enough for a test, which can be told to misbehave."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

from pyoxigraph import QueryBoolean, QueryResultsFormat, QueryTriples, RdfFormat, Store

REALM, NONCE = "patients", "0123456789"
Status = tuple[int, dict[str, str], str]


@dataclass
class Served:
    """An endpoint: its address, and how it behaves.

    `wants` is a way of authentication (basic, digest or bearer), for the user "reader" with the password "pass:word",
    or the token "to.ken"; `first` are answered before any query is; `changed` changes what it answers to a query; the
    `queries` that were asked are kept, and how many `requests` there were.
    """

    store: Store
    url: str = ""
    wants: str | None = None
    first: list[Status] = field(default_factory=list)
    changed: Callable[[str, str], str | Status] = lambda query, answer: answer
    queries: list[str] = field(default_factory=list)
    requests: int = 0


@contextmanager
def served(store: Store) -> Iterator[Served]:
    """Lend an endpoint of what is in a store."""
    endpoint = Served(store)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            endpoint.requests += 1
            status, headers, text = _answer(endpoint, self.headers, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            raise AssertionError("an endpoint is asked by POST")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("localhost", 0), Answer) as server:
        endpoint.url = f"http://localhost:{server.server_port}/sparql"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield endpoint
        finally:
            server.shutdown()


def _answer(endpoint: Served, headers: object, body: str) -> Status:
    assert hasattr(headers, "get")
    if endpoint.wants and not _known(endpoint.wants, headers.get("Authorization") or ""):
        challenge = {"basic": f'Basic realm="{REALM}"', "bearer": "Bearer"}
        digest = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
        return 401, {"WWW-Authenticate": challenge.get(endpoint.wants, digest)}, "who are you?\n"
    if endpoint.first:
        return endpoint.first.pop(0)
    (query,) = parse_qs(body)["query"]
    endpoint.queries.append(query)
    try:
        answer = endpoint.store.query(query)
    except SyntaxError as error:
        return 400, {}, f"{error}\n"
    assert not isinstance(answer, QueryBoolean)
    kind = RdfFormat if isinstance(answer, QueryTriples) else QueryResultsFormat
    form = kind.from_media_type(headers.get("Accept") or "")
    assert form is not None
    text = (answer.serialize(format=form) or b"").decode()  # type: ignore[arg-type]
    changed = endpoint.changed(query, text)
    return changed if isinstance(changed, tuple) else (200, {"Content-Type": form.media_type}, changed)


def _known(way: str, said: str) -> bool:
    """Whether what a request says is what RFC 7617, 7616 or 6750 wants of who may read."""
    if way == "basic":
        return said == "Basic " + b64encode(b"reader:pass:word").decode()
    if way == "bearer":
        return said == "Bearer to.ken"
    parts = dict(re.findall(r'(\w+)="?([^",]+)"?', said.removeprefix("Digest ")))
    if not said.startswith("Digest ") or parts["username"] != "reader":
        return False
    who, what = _md5(f"reader:{REALM}:pass:word"), _md5(f"POST:{parts['uri']}")
    return bool(parts["response"] == _md5(f"{who}:{NONCE}:{parts['nc']}:{parts['cnonce']}:auth:{what}"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
