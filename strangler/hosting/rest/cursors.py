"""Pages by keyset: stable while rows come and go, and as fast on the last page as on the first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
_NOT_FILTERS = frozenset({"cursor", "limit", "fields", "include"})
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page, and the cursors of its neighbours; a cursor is None where the list ends."""

    items: Sequence[M]
    next: str | None
    prev: str | None


@dataclass(frozen=True)
class Pager:
    """
    Cuts a queryset into pages.

    Attributes:
        orderings: name to sort keys, each with "-" for descending; the last key is unique. A client asks by name, and
            by "-name" for the reverse.
        default: the ordering without `?ordering=`.
        aside: names in the query that change nothing about which rows there are, besides the usual ones.
    """

    orderings: Mapping[str, Sequence[str]]
    default: str
    aside: frozenset[str] = frozenset()

    def respond(
        self, request: Request, rows: QuerySet[M], render: Callable[[M], dict[str, Any]], *, default: str | None = None
    ) -> Response:
        """
        Answer one page: `{"data", "next", "prev"}`, with `count` for `?include=count`, and Link (RFC 8288).

        HEAD carries `Total-Count`: counting reads every match, so nobody else pays for it.
        """
        include = _choices(request, "include", {"count"})
        page = self.page(request, rows, default=default)
        body: dict[str, Any] = {"data": [render(row) for row in page.items], "next": page.next, "prev": page.prev}
        headers = {}
        if links := _links(request, page):
            headers["Link"] = links
        if request.method == "HEAD" or "count" in include:
            body["count"] = rows.count()
            headers["Total-Count"] = str(body["count"])
        return Response(body, headers=headers)

    def page(self, request: Request, rows: QuerySet[M], *, default: str | None = None) -> Page[M]:
        """
        Return the page that `?limit=`, `?cursor=` and `?ordering=` ask for.

        Raises:
            Problem: `invalid_query`, or `invalid_cursor` when the cursor is forged or belongs to another list.
        """
        limit = _limit(request)
        name, keys = self._ordering(request, default or self.default)
        scope = _scope(request, name, self.aside)
        cursor = _decode(request.query_params.get("cursor"), scope)
        backward = cursor is not None and cursor.backward
        ordered = [_flip(key) for key in keys] if backward else list(keys)
        if cursor is not None:
            rows = rows.filter(_beyond(ordered, cursor.position))
        found = list(rows.order_by(*ordered)[: limit + 1])
        more, items = len(found) > limit, found[:limit]
        if backward:
            items.reverse()
        before = bool(items) and (more if backward else cursor is not None)
        after = bool(items) and (True if backward else more)
        return Page(
            items,
            next=_encode(items[-1], keys, scope, backward=False) if after else None,
            prev=_encode(items[0], keys, scope, backward=True) if before else None,
        )

    def _ordering(self, request: Request, default: str) -> tuple[str, list[str]]:
        name = request.query_params.get("ordering", default)
        keys = self.orderings.get(name)
        if keys is not None:
            return name, list(keys)
        reverse_of = self.orderings.get(_flip(name))
        if reverse_of is not None:
            return name, [_flip(key) for key in reverse_of]
        known = ", ".join(sorted(self.orderings))
        raise Problem(
            RestCode.INVALID_QUERY, f"ordering: {name!r} is unknown; known are {known}, each with - to reverse."
        )


@dataclass(frozen=True)
class _Cursor:
    position: list[Any]
    backward: bool


def _limit(request: Request) -> int:
    raw = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(LIMIT_MAX)) and 1 <= int(raw) <= LIMIT_MAX):
        raise Problem(RestCode.INVALID_QUERY, f"limit: must be 1 to {LIMIT_MAX}, not {raw[:20]!r}.")
    return int(raw)


def _choices(request: Request, name: str, known: set[str]) -> set[str]:
    chosen = {choice for choice in request.query_params.get(name, "").split(",") if choice}
    if unknown := sorted(chosen - known):
        raise Problem(RestCode.INVALID_QUERY, f"{name}: unknown {unknown!r}; known are {', '.join(sorted(known))}.")
    return chosen


def _scope(request: Request, ordering: str, aside: frozenset[str]) -> str:
    """What a cursor belongs to: it means nothing in a list with other filters or in another order."""
    filters = sorted((name, value) for name, values in request.query_params.lists() for value in values)
    kept = [pair for pair in filters if pair[0] not in _NOT_FILTERS | aside]
    return hashlib.sha256(repr((request.path, ordering, kept)).encode()).hexdigest()[:16]


def _flip(key: str) -> str:
    return key[1:] if key.startswith("-") else f"-{key}"


def _beyond(keys: Sequence[str], position: Sequence[Any]) -> Q:
    """
    The rows after *position*: (a, b) > (x, y), with each key's own direction.

    Written as a >= x AND (a > x OR (a = x AND ...)) so that an index on the first key is used.
    """
    key, value = keys[0], position[0]
    name, operator = (key[1:], "lt") if key.startswith("-") else (key, "gt")
    strictly = Q(**{f"{name}__{operator}": value})
    if len(keys) == 1:
        return strictly
    return Q(**{f"{name}__{operator}e": value}) & (strictly | (Q(**{name: value}) & _beyond(keys[1:], position[1:])))


_SIGNER_SALT = "strangler.cursor"


def _encode(row: Model, keys: Sequence[str], scope: str, *, backward: bool) -> str:
    position = [_plain(getattr(row, key.lstrip("-"))) for key in keys]
    return Signer(salt=_SIGNER_SALT).sign_object([scope, int(backward), position])


def _decode(raw: str | None, scope: str) -> _Cursor | None:
    if raw is None:
        return None
    try:
        found, backward, position = Signer(salt=_SIGNER_SALT).unsign_object(raw)
    except (BadSignature, ValueError, json.JSONDecodeError) as error:
        raise Problem(RestCode.INVALID_CURSOR, "The cursor was not made here; start without one.") from error
    if found != scope:
        raise Problem(RestCode.INVALID_CURSOR, "The cursor belongs to a list with other filters or another order.")
    return _Cursor([_value(item) for item in position], bool(backward))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return {"u": str(value)} if isinstance(value, UUID) else value


def _value(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return datetime.fromisoformat(item["t"]) if "t" in item else UUID(item["u"])


def _links(request: Request, page: Page[Any]) -> str:
    """Relative references: the same answer in both homes, whatever the address in front of them."""
    links = []
    for rel, cursor in (("next", page.next), ("prev", page.prev)):
        if cursor is not None:
            query = [
                (name, value) for name, values in request.query_params.lists() for value in values if name != "cursor"
            ]
            links.append(f'<{request.path}?{urlencode([*query, ("cursor", cursor)])}>; rel="{rel}"')
    return ", ".join(links)
