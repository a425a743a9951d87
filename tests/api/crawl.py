"""Every place that somebody comes to by the links of pages, from the overview on."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

_PLAIN, _ASKED = 8, 1
"""How many places of one kind are gone to: as they are, and with each set of questions in the address."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a link led, from which page, and what was answered there."""

    address: str
    route: str
    linked_from: str
    answer: Any

    @property
    def is_page(self) -> bool:
        return bool(self.answer.headers.get("content-type", "").startswith("text/html"))


class Links(HTMLParser):
    """The addresses that the links of a page lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (address := dict(attrs).get("href")):
            self.found.append(address)


def crawl(caller: TestClient, app: FastAPI) -> Iterator[Place]:
    """Goes to each place once, and of many of a kind to some."""
    patterns = [(re.compile(_pattern(path)), path) for path in readable(app)]
    waiting, known, visited = deque([("/", "/")]), {"/"}, Counter[Any]()
    while waiting:
        address, linked_from = waiting.popleft()
        told = urlsplit(address)
        route = next((path for pattern, path in patterns if pattern.fullmatch(told.path)), told.path)
        kind = (route, frozenset(name for name, _ in parse_qsl(told.query)))
        if visited[kind] >= (_ASKED if told.query else _PLAIN):
            continue
        visited[kind] += 1
        place = Place(address=address, route=route, linked_from=linked_from, answer=caller.get(address))
        yield place
        if not place.is_page or address.startswith("/v1/"):
            continue
        for link in Links(place.answer.text).found:
            found = urlsplit(urljoin(f"http://here{address}", link))
            there = f"{found.path}?{found.query}" if found.query else found.path
            if found.netloc == "here" and there not in known:
                known.add(there)
                waiting.append((there, address))


def readable(app: FastAPI) -> list[str]:
    """The paths of routes that something is read from, as they are written down; the plainest first."""
    paths = {
        route.path
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and "GET" in (route.methods or ())
    }
    return sorted(paths, key=lambda path: (path.count("{"), ":path" in path, path))


def _pattern(path: str) -> str:
    """What matches the addresses of a route."""
    parts = re.split(r"({\w+(?::path)?})", path)
    return "".join(
        (".+" if ":path" in part else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )
