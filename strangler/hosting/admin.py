"""Admin pages of a capability that may have moved: they show, and change only what this home owns (R22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html

from strangler.conf import get_conf
from strangler.errors import ContractError
from strangler.fence import owner_of

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[models.Model]
    _TabularInline = admin.TabularInline[models.Model, models.Model]
else:
    _ModelAdmin, _TabularInline = admin.ModelAdmin, admin.TabularInline  # they take no parameter while they run


class OwnedAdmin(_ModelAdmin):
    """
    A model admin that is read-only, and says why, while another home owns the rows.

    The fence refuses such writes anyway; this page does not offer them. A refusal of the app is told, not crashed upon.

    Attributes:
        capability: whose rows these are.
        elsewhere: path of a page that the owner serves, where the rows can be changed.
    """

    capability: ClassVar[str]
    elsewhere: ClassVar[str]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._is_owner() and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._is_owner() and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._is_owner() and super().has_delete_permission(request, obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._say_whose(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self._say_whose(request)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ContractError as refusal:
            self.message_user(request, f"{refusal} ({refusal.code})", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def each(self, request: HttpRequest, rows: Iterable[models.Model], act: Callable[[Any], object]) -> None:
        """Act on each row that allows it, and tell how many that were, and why the others do not."""
        count = 0
        for row in rows:
            try:
                act(row)
            except ContractError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                count += 1
        if count:
            self.message_user(request, f"{count} done.")

    def _is_owner(self) -> bool:
        return owner_of(self.capability).owner == get_conf().home_of(self.capability)

    def _say_whose(self, request: HttpRequest) -> None:
        owned = owner_of(self.capability)
        if owned.owner != get_conf().home_of(self.capability):
            text = (
                "The {} owns these rows since epoch {}. This is the copy that stayed here: it can be read, not changed."
            )
            link = format_html(' <a href="{}">Change them there.</a>', self.elsewhere)
            messages.warning(request, format_html(text, owned.owner, owned.epoch) + link)


class ShownAdmin(OwnedAdmin):
    """Rows that nobody edits: people look at them, and act on them by actions with the permission `act`."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether somebody who could change rows here may act; there is nothing else to change."""
        return super().has_change_permission(request)


class ShownInline(_TabularInline):
    """Rows that are looked at beside their parent."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
