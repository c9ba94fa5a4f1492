"""Send a request to the other home of its capability, and bring the answer back."""

from __future__ import annotations

from django.http import HttpRequest

from strangler.conf import Conf
from strangler.proxy.answers import ForwardedAnswer, answer_from
from strangler.proxy.bodies import RequestBody
from strangler.proxy.hops import HOP, hop_token
from strangler.proxy.identity import IDENTITY, identity_token
from strangler.routing import Decision
from strangler.state import release_connections
from strangler.transport.client import Outgoing, Reply, Upstream, upstream
from strangler.transport.errors import Unreachable
from strangler.transport.handing_back import Elsewhere, handed_back
from strangler.transport.headers import (
    Headers,
    answer_fields,
    copied_request_fields,
    forwarding_fields,
    location_back,
    origin_form,
)
from strangler.transport.traces import trace_fields

_COUNTED_METHODS = frozenset({"OPTIONS", "TRACE"})


class Forwarder:
    """Forwards requests of this host's capabilities to their other homes, whose addresses the settings give."""

    def __init__(self, conf: Conf) -> None:
        self._conf = conf

    def forward(
        self, request: HttpRequest, decision: Decision, epoch: int, body: RequestBody | None
    ) -> ForwardedAnswer | Elsewhere:
        """
        Forward *request* once.

        Args:
            decision: whose `home` is the other one.
            epoch: what this home knows; a receiver that is behind waits for it.

        Returns:
            The answer, or who may serve the request instead; then *body* tells whether it can still run here.

        Raises:
            BadRequest: it cannot be sent on unchanged.
            RemoteCallError: no usable answer.
            UpstreamSaturated: no free connection.
        """
        to = self._upstream(decision.capability)
        if body is not None and not body.large:
            body.keep()  # before a connection is taken: the client may be slow
        timeout_s = decision.route.timeout_s or self._conf.upstream_timeout_s
        outgoing = Outgoing(
            method=request.method or "",
            target=origin_form(request.path_info, request.META.get("QUERY_STRING", "")),
            fields=self._fields(request, to, decision, hop_token(decision, epoch, timeout_s)),
            body=body,
            timeout_s=timeout_s,
            repeatable=decision.kind == "read",
        )
        release_connections()
        reply = to.send(outgoing)
        try:
            return handed_back(reply, decision.capability) or self._answer(request, to, reply)
        except BaseException:
            reply.close()
            raise

    def _upstream(self, capability: str) -> Upstream:
        url = self._conf.upstream_of(capability)
        if url is None:
            raise Unreachable(f"no address of the other home of {capability!r} is configured")
        return upstream(url, self._conf.connect_timeout_s, self._conf.max_upstream_connections)

    def _fields(self, request: HttpRequest, to: Upstream, decision: Decision, token: str) -> Headers:
        environ = request.META
        request.get_host()  # raises DisallowedHost, Django's 400, for a missing, doubled or foreign Host (RFC 9112 3.2)
        fields = copied_request_fields(environ)
        trace_fields(fields)
        fields += forwarding_fields(
            environ, authority=to.authority, via=f"strangler-{self._conf.host}", trust=self._conf.trust_forwarded
        )
        if request.method in _COUNTED_METHODS and (left := environ.get("HTTP_MAX_FORWARDS", "")).isdecimal():
            fields.append(("Max-Forwards", str(int(left) - 1)))  # RFC 9110 7.6.2; the caller serves 0 itself
        fields.append((HOP, token))
        if identity := identity_token(request, decision.capability):
            fields.append((IDENTITY, identity))
        return fields

    def _answer(self, request: HttpRequest, to: Upstream, reply: Reply) -> ForwardedAnswer:
        fields = answer_fields(reply.head.fields, keep_marks=self._conf.expose_headers)
        for n, (name, value) in enumerate(fields):
            if name.lower() == "location":
                public = f"{request.scheme}://{request.get_host()}"
                fields[n] = (name, location_back(value, upstream=to.url, public=public))
        return answer_from(reply, fields, method=request.method or "", memory_bytes=self._conf.memory_limit_bytes)


def ends_here(request: HttpRequest) -> bool:
    """Return whether the client asked that nobody forwards this request (RFC 9110 7.6.2)."""
    return request.META.get("HTTP_MAX_FORWARDS") == "0" and request.method in _COUNTED_METHODS
