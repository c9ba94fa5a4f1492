"""Where a request runs whose decision is known: here, there, or here after all (R4)."""

from __future__ import annotations

import time

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import Conf
from strangler.fence import await_ownership, confirmed, objection, other, owner_of
from strangler.proxy.bodies import RequestBody
from strangler.proxy.fallback import Fallback
from strangler.proxy.figures import observe_wait
from strangler.proxy.forwarding import Forwarder, ends_here
from strangler.proxy.hops import HandBack, Hop
from strangler.proxy.local import GetResponse, run_write
from strangler.proxy.own_writes import note_write
from strangler.proxy.problems import moved_midway
from strangler.routing import Decision
from strangler.state import release_connections, wait_for_epoch
from strangler.transport.handing_back import Elsewhere


class Serving:
    """Serves requests of the capabilities that this host is a home of, and sends on those of complete ones."""

    def __init__(self, get_response: GetResponse, conf: Conf) -> None:
        self._get_response = get_response
        self._forwarder = Forwarder(conf)
        self._fallback = Fallback(get_response)
        self._conf = conf
        self._home = conf.side
        self._gone = frozenset(conf.routed_capabilities) - frozenset(conf.own_capabilities)

    def routed(self, request: HttpRequest, decision: Decision, body: RequestBody | None) -> HttpResponseBase:
        """
        Serve a request that came from a client.

        Raises:
            BadRequest, RemoteCallError, Saturated: what the client is told instead of an answer.
        """
        if decision.capability in self._gone:
            return self._there_alone(request, decision, body)
        if decision.kind == "read":
            decision = confirmed(decision, self._home)
        if decision.home != self._home and not ends_here(request):
            if decision.kind == "read":
                return self._read_there_first(request, decision, body)
            return self._write_there_first(request, decision, body)
        if decision.kind == "write":
            return self._write_here_first(request, decision, body)
        return self._read_here(request, body)

    def hopped(self, request: HttpRequest, hop: Hop, decision: Decision, body: RequestBody | None) -> HttpResponseBase:
        """Serve a request that the other home forwarded, or hand it back; it is never forwarded again (R4)."""
        if hop.kind == "read":
            return self._hopped_read(request, hop, decision, body)
        return self._hopped_write(request, hop, decision, body)

    def _there_alone(self, request: HttpRequest, decision: Decision, body: RequestBody | None) -> HttpResponseBase:
        """Nothing of it is here, neither code nor rows, whatever the table says."""
        if ends_here(request):
            return self._get_response(request)
        there = decision._replace(home=other(self._home))
        answer = self._forwarder.forward(request, there, decision.epoch, body)
        return moved_midway(request) if isinstance(answer, Elsewhere) else answer

    def _read_here(self, request: HttpRequest, body: RequestBody | None) -> HttpResponseBase:
        if body is not None and body.size is None:
            body.give_to(request)  # Django takes content without a Content-Length for empty
        return self._get_response(request)

    def _read_there_first(self, request: HttpRequest, decision: Decision, body: RequestBody | None) -> HttpResponseBase:
        answer = self._fallback.behind(
            request, decision, body, lambda: self._forwarder.forward(request, decision, decision.epoch, body)
        )
        if not isinstance(answer, Elsewhere):
            return answer
        if body is not None:
            if not body.replayable:
                return moved_midway(request)
            body.give_to(request)
        # The other home has not opened in the epoch that our own row names: our rows are closed, and complete.
        return self._get_response(request)

    def _write_there_first(
        self, request: HttpRequest, decision: Decision, body: RequestBody | None
    ) -> HttpResponseBase:
        answer = self._forwarder.forward(request, decision, decision.epoch, body)
        if not isinstance(answer, Elsewhere):
            return answer
        if body is not None and not body.replayable:
            return moved_midway(request)
        self._await_opening(decision.capability, answer)
        own_epoch = owner_of(decision.capability).epoch
        outcome = self._write_here(request, decision.capability, own_epoch, body)
        return moved_midway(request) if isinstance(outcome, Elsewhere) else outcome

    def _write_here(
        self, request: HttpRequest, capability: str, epoch: int, body: RequestBody | None
    ) -> HttpResponseBase | Elsewhere:
        outcome = run_write(self._get_response, request, capability, epoch, body)
        if not isinstance(outcome, Elsewhere):
            note_write(request, outcome, capability)
        return outcome

    def _await_opening(self, capability: str, told: Elsewhere) -> None:
        """The other home has closed and names this one: wait until it opens, as it would wait for us (R4)."""
        if told.owner == self._home:
            release_connections()
            began_at = time.monotonic()
            wait_for_epoch(capability, told.epoch, self._conf.switch_wait_s)
            observe_wait(capability, time.monotonic() - began_at)

    def _write_here_first(self, request: HttpRequest, decision: Decision, body: RequestBody | None) -> HttpResponseBase:
        outcome = self._write_here(request, decision.capability, decision.epoch, body)
        if not isinstance(outcome, Elsewhere):
            return outcome
        if outcome.owner == self._home:
            return moved_midway(request)
        there = decision._replace(home=other(self._home))
        answer = self._forwarder.forward(request, there, outcome.epoch, body)
        return moved_midway(request) if isinstance(answer, Elsewhere) else answer

    def _hopped_read(
        self, request: HttpRequest, hop: Hop, decision: Decision, body: RequestBody | None
    ) -> HttpResponseBase:
        if owned := objection(decision, self._home, epoch=hop.epoch, reason=hop.reason):
            return HandBack(hop.capability, owned.owner, owned.epoch)
        return self._read_here(request, body)

    def _hopped_write(
        self, request: HttpRequest, hop: Hop, decision: Decision, body: RequestBody | None
    ) -> HttpResponseBase:
        epoch = decision.epoch
        if epoch < hop.epoch or decision.home != self._home:
            began_at = time.monotonic()
            owned = await_ownership(hop.capability, self._home, hop.epoch, hop.left_s)
            observe_wait(hop.capability, time.monotonic() - began_at)
            if owned.owner != self._home or owned.epoch < hop.epoch:
                return HandBack(hop.capability, owned.owner, owned.epoch)
            epoch = owned.epoch
        outcome = self._write_here(request, hop.capability, epoch, body)
        if isinstance(outcome, Elsewhere):
            return HandBack(hop.capability, outcome.owner, outcome.epoch)
        return outcome
