"""Risk's admin: decisions to look at, and versions of the rules, over the same services as REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.risk.contract import RiskError
from monolith.risk.domain import RulesetStatus
from monolith.risk.models import ConfirmedOrder, Decision, Ruleset, RulesetStatusHistory
from monolith.risk.selectors import active_rules
from monolith.risk.serializers import RuleSerializer
from monolith.risk.services import rulesets
from strangler.hosting.admin import OwnedAdmin, ShownInline


class _RiskAdmin(OwnedAdmin):
    """Nothing is deleted here: decisions name their rules."""

    capability = "risk"
    elsewhere = "/api/risk/docs"
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Looked(_RiskAdmin):
    """Rows that nobody edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Decision)
class DecisionAdmin(_Looked):
    """What was decided, and why."""

    list_display = ("decided_at", "kind", "subject_id", "outcome", "score", "why", "rules_version")
    list_filter = ("outcome", "kind", "rules_version")
    search_fields = ("subject_id__exact", "account__exact")
    ordering = ("-decided_at",)

    @admin.display(description="reasons")
    def why(self, row: Decision) -> str:
        """The rules that applied, the weightiest first."""
        return ", ".join(reason["code"] for reason in row.reasons)


@admin.register(ConfirmedOrder)
class ConfirmedOrderAdmin(_Looked):
    """What the speed of accounts is counted by."""

    list_display = ("at", "order_id", "account", "amount", "currency")
    search_fields = ("order_id__exact", "account__exact")
    ordering = ("-at",)


class _Steps(ShownInline):
    model = RulesetStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


class RulesetForm(forms.ModelForm):
    """Rules are JSON here; each must be one as REST takes it."""

    def clean_rules(self) -> Any:
        """Return the rules with what they leave out."""
        reader = RuleSerializer(data=self.cleaned_data["rules"], many=True)
        if not reader.is_valid():
            raise forms.ValidationError(f"{reader.errors}")
        return [dict(rule) for rule in reader.validated_data]


@admin.register(Ruleset)
class RulesetAdmin(_RiskAdmin):
    """Versions of the rules; a draft is changed, and activating is an action."""

    form = RulesetForm
    list_display = ("version", "status", "review_from", "decline_from", "note", "created_by", "changed_by")
    list_filter = ("status",)
    ordering = ("-version",)
    _content: ClassVar = ("rules", "review_from", "decline_from", "note")
    readonly_fields = ("version", "status", "created_by", "created_at", "changed_by", "changed_at", "revision")
    fields = ("version", "status", *_content, "created_by", "created_at", "changed_by", "changed_at", "revision")
    inlines = (_Steps,)
    actions = ("activate",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        draft = obj is None or obj.status == RulesetStatus.DRAFT
        return draft and super().has_change_permission(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        now = active_rules()
        content = {"rules": [rule.to_json() for rule in now.rules]}
        return content | {"review_from": now.review_from, "decline_from": now.decline_from}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = {name: form.cleaned_data[name] for name in self._content}
        if change:
            rulesets.ruleset_update(ruleset=Ruleset.objects.get(id=obj.id), actor=_actor(request), changes=content)
        else:
            made = rulesets.ruleset_create(actor=_actor(request), content=content)
            obj.id, obj.version = made.id, made.version

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Ruleset]) -> None:
        """Let the one that was chosen decide."""
        if queryset.count() != 1:
            self.message_user(request, "Choose one version: only one decides.", messages.ERROR)
            return
        try:
            row = rulesets.ruleset_activate(version=queryset.get().version, actor=_actor(request), reason="by hand")
        except RiskError as refusal:
            self.message_user(request, f"{refusal}", messages.ERROR)
        else:
            self.message_user(request, f"Version {row.version} decides now.")


def _actor(request: HttpRequest) -> str:
    """The subject under which REST knows the same person."""
    return str(request.user.pk)
