"""The users' admin: lists, and the steps of an account, over the same services as REST."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.users.domain import Role
from monolith.users.models import Address, Customer, CustomerStatusHistory
from monolith.users.selectors import status_of
from monolith.users.services import accounts
from strangler.hosting.admin import OwnedAdmin, ShownInline


class _Addresses(ShownInline):
    model = Address
    fields = ("label", "line1", "city", "country", "is_default_shipping", "is_default_billing")


class _Steps(ShownInline):
    model = CustomerStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


class CustomerForm(forms.ModelForm):
    """Roles are chosen; whatever else an account says, its owner changes."""

    roles = forms.MultipleChoiceField(choices=[(role.value, role.value) for role in Role], required=False)


@admin.register(Customer)
class CustomerAdmin(OwnedAdmin):
    """Accounts; they are made by their owners, and steps are actions."""

    capability = "users"
    elsewhere = "/api/users/docs"
    form = CustomerForm
    list_display = ("email", "first_name", "last_name", "state", "email_verified_at", "last_login_at", "created_at")
    list_filter = ("status",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("email__istartswith", "id__exact")
    ordering = ("-created_at",)
    readonly_fields = (
        "id", "email", "email_verified_at", "first_name", "last_name", "phone", "state", "locked_until",
        "failed_logins", "last_login_at", "created_at", "version",
    )  # fmt: skip
    fields = (*readonly_fields, "roles")
    inlines = (_Addresses, _Steps)
    actions = ("lock", "unlock", "disable", "enable")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="status", ordering="status")
    def state(self, row: Customer) -> str:
        """The status that counts: active as soon as a lock has run out."""
        return status_of(row).value

    @admin.action(description="Lock", permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Lock each that can be."""
        self._step(request, queryset, accounts.customer_lock)

    @admin.action(description="Unlock", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Unlock each that can be."""
        self._step(request, queryset, accounts.customer_unlock)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Disable each that can be."""
        self._step(request, queryset, accounts.customer_disable)

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Enable each that can be."""
        self._step(request, queryset, accounts.customer_enable)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        accounts.customer_appoint(customer_id=obj.id, roles=[Role(role) for role in form.cleaned_data["roles"]])

    def _step(self, request: HttpRequest, queryset: QuerySet[Customer], step: Any) -> None:
        self.each(request, queryset, lambda row: step(customer_id=row.id, actor=str(request.user.pk), reason="by hand"))
