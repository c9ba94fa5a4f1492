"""URLs of risk, mounted under `api/risk/`."""

from __future__ import annotations

from django.urls import path

from monolith.risk.views import decisions, rulesets
from strangler.hosting.rest.openapi import documented

_routes = [
    path("decisions", decisions.DecisionsView.as_view()),
    path("decisions/<uuid:decision_id>", decisions.DecisionView.as_view()),
    path("rulesets", rulesets.RulesetsView.as_view()),
    path("rulesets/built-in", rulesets.BuiltInView.as_view()),
    path("rulesets/<int:version>", rulesets.RulesetView.as_view()),
    path("rulesets/<int:version>:activate", rulesets.RulesetActivateView.as_view()),
    path("rulesets/<int:version>/history", rulesets.RulesetHistoryView.as_view()),
    path("rulesets/<int:version>/dry-run", rulesets.RulesetDryRunView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/risk/", title="Risk", name="risk")
