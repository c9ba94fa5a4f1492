"""Versions of the rules over REST: parse, call once, render."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.risk import selectors, serializers
from monolith.risk.domain import DRY_RUN_MAX
from monolith.risk.models import RiskIdempotency, Ruleset
from monolith.risk.representations import REPRESENTATION, built_in_json, dry_run_json, ruleset_json, step_json
from monolith.risk.services import rulesets
from monolith.risk.views.common import READ, WRITE, RiskView
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, etag, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction, read_body

_RULESETS = Pager(orderings={"version": ("version",)}, default="-version")
_JUDGED_DEFAULT = 500


class RulesetsView(RiskView):
    """All versions."""

    scopes = {"GET": READ, "HEAD": READ, "POST": WRITE}

    @extend_schema(operation_id="list_rulesets", parameters=[*PAGE], responses=serializers.RulesetPageSerializer)
    def get(self, request: Request) -> Response:
        """List versions of the rules, the latest first."""
        return _RULESETS.respond(request, selectors.rulesets(), ruleset_json)

    @extend_schema(
        operation_id="create_ruleset",
        request=serializers.RulesetContentSerializer,
        responses={201: serializers.RulesetSerializer},
    )
    @idempotent(RiskIdempotency, route="POST /rulesets")
    def post(self, request: Request) -> Response:
        """Make a draft; what is not given is as in the rules that decide now."""
        content = read_body(serializers.RulesetContentSerializer, request)
        response = _ruleset(rulesets.ruleset_create(actor=request.user.subject, content=content), status=201)
        response["Location"] = f"/api/risk/rulesets/{response.data['version']}"
        return response


class BuiltInView(RiskView):
    """Version 0."""

    @extend_schema(operation_id="get_built_in_rules", responses=serializers.RulesSerializer)
    def get(self, request: Request) -> Response:
        """Read the rules that decide while no ruleset is active."""
        return Response(built_in_json())


class RulesetView(RiskView):
    """One version."""

    scopes = {"GET": READ, "HEAD": READ, "PATCH": WRITE}

    @extend_schema(operation_id="get_ruleset", parameters=[IF_NONE_MATCH], responses=serializers.RulesetSerializer)
    def get(self, request: Request, version: int) -> Response:
        """Read a version of the rules."""
        row = selectors.ruleset(version)
        return conditional(request, _ruleset(row), _tag(row))

    @extend_schema(
        operation_id="change_ruleset",
        parameters=[IF_MATCH],
        request=serializers.RulesetContentSerializer,
        responses=serializers.RulesetSerializer,
    )
    @one_transaction
    def patch(self, request: Request, version: int) -> Response:
        """Change what is given of a draft."""
        row = selectors.ruleset(version)
        require_match(request, _tag(row))
        changes = read_body(serializers.RulesetContentSerializer, request)
        return _ruleset(rulesets.ruleset_update(ruleset=row, actor=request.user.subject, changes=changes))


class RulesetActivateView(RiskView):
    """The step to active."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="activate_ruleset",
        request=serializers.ReasonGivenSerializer,
        responses={200: serializers.RulesetSerializer},
    )
    @idempotent(RiskIdempotency, route="POST /rulesets/:activate")
    def post(self, request: Request, version: int) -> Response:
        """Let a draft, or a version that was active before, decide from now on."""
        reason = read_body(serializers.ReasonGivenSerializer, request).get("reason", "")
        return _ruleset(rulesets.ruleset_activate(version=version, actor=request.user.subject, reason=reason))


class RulesetHistoryView(RiskView):
    """What became of a version."""

    @extend_schema(operation_id="get_ruleset_history", responses=serializers.HistorySerializer)
    def get(self, request: Request, version: int) -> Response:
        """Read who activated a version, when, and why."""
        return Response({"data": [step_json(row) for row in selectors.ruleset(version).status_history.all()]})


class RulesetDryRunView(RiskView):
    """What if."""

    @extend_schema(
        operation_id="dry_run_ruleset",
        parameters=[OpenApiParameter("decisions", int, description=f"how many, 1 to {DRY_RUN_MAX}; default 500")],
        responses=serializers.DryRunSerializer,
    )
    def get(self, request: Request, version: int) -> Response:
        """Read what a version would have decided from the figures of the latest decisions; nothing is decided."""
        rules = selectors.ruleset(version).content()
        return Response(dry_run_json(selectors.dry_run(rules, limit=_judged(request))))


def _judged(request: Request) -> int:
    raw = request.query_params.get("decisions", str(_JUDGED_DEFAULT))
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(DRY_RUN_MAX)) and 1 <= int(raw) <= DRY_RUN_MAX):
        raise Problem(RestCode.INVALID_QUERY, f"decisions: must be 1 to {DRY_RUN_MAX}, not {raw[:20]!r}.")
    return int(raw)


def _tag(row: Ruleset) -> str:
    return etag(version=row.revision, representation=REPRESENTATION)


def _ruleset(row: Ruleset, *, status: int = 200) -> Response:
    return Response(ruleset_json(row), status=status, headers={"ETag": _tag(row)})
