"""Risk's JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.risk.contract import Kind, Outcome
from monolith.risk.domain import NOTE_MAX, RULE_ID_PATTERN, RULES_MAX, SCORE_MAX, TEXT_MAX, Action, RulesetStatus
from monolith.risk.expressions import EXPRESSION_MAX
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer


def _words(words: Any) -> list[str]:
    return [word.value for word in words]


class RuleIdField(StrictCharField, serializers.RegexField):
    """A small word."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(RULE_ID_PATTERN, **kwargs)


class RuleSerializer(StrictSerializer):
    """One rule."""

    id = RuleIdField(help_text="stable over versions: reasons carry it")
    text = StrictCharField(max_length=TEXT_MAX, help_text="why it counts, for a person")
    expr = StrictCharField(max_length=EXPRESSION_MAX, help_text="when it applies: amount >= 500000 and items > 3")
    score = StrictIntegerField(min_value=0, max_value=SCORE_MAX, default=0)
    action = serializers.ChoiceField(_words(Action), default=Action.NONE.value)


class RulesetContentSerializer(StrictSerializer):
    """What is given of a ruleset; of a new one, what is missing is as in the rules that decide now."""

    rules = RuleSerializer(many=True, required=False, max_length=RULES_MAX)
    review_from = StrictIntegerField(min_value=1, max_value=SCORE_MAX, required=False)
    decline_from = StrictIntegerField(min_value=1, max_value=SCORE_MAX, required=False)
    note = StrictCharField(max_length=NOTE_MAX, required=False, allow_blank=True)


class ReasonGivenSerializer(StrictSerializer):
    """Why staff does it."""

    reason = StrictCharField(max_length=NOTE_MAX, required=False, allow_blank=True)


class RuleShownSerializer(serializers.Serializer[Any]):
    """One rule."""

    id = serializers.CharField()
    text = serializers.CharField()
    expr = serializers.CharField()
    score = serializers.IntegerField()
    action = serializers.ChoiceField(_words(Action))


class RulesSerializer(serializers.Serializer[Any]):
    """What decides; version 0 is what the program brings along."""

    version = serializers.IntegerField()
    rules = RuleShownSerializer(many=True)
    review_from = serializers.IntegerField()
    decline_from = serializers.IntegerField()


class RulesetSerializer(RulesSerializer):
    """A ruleset that is kept."""

    status = serializers.ChoiceField(_words(RulesetStatus))
    note = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField()
    revision = serializers.IntegerField()


class RulesetPageSerializer(serializers.Serializer[Any]):
    """A page of rulesets."""

    data = RulesetSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class StepSerializer(serializers.Serializer[Any]):
    """One step of a ruleset's life."""

    to = serializers.ChoiceField(_words(RulesetStatus))
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Add the field whose name is a word of Python's."""
        return {"from": serializers.ChoiceField(_words(RulesetStatus)), **super().get_fields()}


class HistorySerializer(serializers.Serializer[Any]):
    """How a ruleset came to its status, the first step first."""

    data = StepSerializer(many=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """One rule that applied."""

    code = serializers.CharField()
    text = serializers.CharField()
    score = serializers.IntegerField()
    figures = serializers.DictField(child=serializers.CharField(allow_blank=True))


class FiguresSerializer(serializers.Serializer[Any]):
    """All that the rules could look at; null: not known."""

    amount = serializers.IntegerField(help_text="minor units")
    currency = serializers.CharField()
    items = serializers.IntegerField()
    shipping_country = serializers.CharField(allow_blank=True)
    billing_country = serializers.CharField(allow_blank=True)
    countries_differ = serializers.BooleanField()
    account_known = serializers.BooleanField()
    account_age_h = serializers.IntegerField(allow_null=True)
    orders_1h = serializers.IntegerField(allow_null=True, help_text="confirmed orders of the account")
    orders_24h = serializers.IntegerField(allow_null=True)
    orders_30d = serializers.IntegerField(allow_null=True)
    amount_24h = serializers.IntegerField(allow_null=True, help_text="confirmed in this currency, minor units")
    decisions_1h = serializers.IntegerField(allow_null=True, help_text="decisions about the account")


class DecisionSerializer(serializers.Serializer[Any]):
    """A decision."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(_words(Kind))
    subject_id = serializers.UUIDField()
    account = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(_words(Outcome))
    score = serializers.IntegerField()
    reasons = ReasonSerializer(many=True)
    figures = FiguresSerializer()
    rules_version = serializers.IntegerField()
    decided_at = serializers.DateTimeField()


class DecisionPageSerializer(serializers.Serializer[Any]):
    """A page of decisions."""

    data = DecisionSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class OutcomesSerializer(serializers.Serializer[Any]):
    """Number of decisions by outcome."""

    approve = serializers.IntegerField()
    review = serializers.IntegerField()
    decline = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """A decision that would have been another one."""

    decision_id = serializers.UUIDField()
    kind = serializers.ChoiceField(_words(Kind))
    subject_id = serializers.UUIDField()
    to = serializers.ChoiceField(_words(Outcome))
    score = serializers.IntegerField()
    reasons = ReasonSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the field whose name is a word of Python's."""
        return {"from": serializers.ChoiceField(_words(Outcome)), **super().get_fields()}


class DryRunSerializer(serializers.Serializer[Any]):
    """What a ruleset would have decided."""

    decisions = serializers.IntegerField(help_text="that were judged anew: the latest")
    before = OutcomesSerializer()
    after = OutcomesSerializer()
    changed = serializers.IntegerField()
    changes = ChangeSerializer(many=True, help_text="the latest 100 of them")
