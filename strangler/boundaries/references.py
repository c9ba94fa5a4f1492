"""`Reference`: the id of another capability's row, without a constraint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from django.apps import apps
from django.core import checks
from django.db import models

Type = Literal["uuid", "integer", "text"]


class Reference(models.Field):  # type: ignore[type-arg]  # Django's fields are generic in the stubs only
    """
    The id of a row that another capability owns: a plain, indexed column, never a relation.

    No constraint, no join, no cascade: the row may be gone, and whoever needs more than the id asks the other
    capability's contract. Forms, the admin and serializers show it as the value that it is.

    Args:
        to: `app_label.Model`; the app need not be installed here.
        type: of the other row's key. A text is at most 255 characters long unless *max_length* is given.

    Other options are those of any field; *db_index* is on unless the field is unique.
    """

    type: Type

    def __new__(cls, to: str = "", *args: Any, type: Type = "uuid", **options: Any) -> Reference:
        return super().__new__(_TYPES[type])

    def __init__(self, to: str, *args: Any, type: Type = "uuid", **options: Any) -> None:
        self.to = to
        options.setdefault("db_index", not options.get("unique", False))
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Return what migrations write: only what differs from the defaults of a reference."""
        name, _, args, options = super().deconstruct()
        indexed = options.pop("db_index", False)
        if indexed is self.unique:
            options["db_index"] = indexed
        if self.type != "uuid":
            options["type"] = self.type
        return name, "strangler.boundaries.Reference", [self.to, *args], options

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Report a reference to nothing, or to a row that could simply be a ForeignKey."""
        return [*super().check(**kwargs), *self._check_target()]

    def _check_target(self) -> Iterator[checks.CheckMessage]:
        label, _, name = self.to.partition(".")
        if not label.isidentifier() or not name.isidentifier():
            yield self._fault(f"{self.to!r} names no model", "Write 'app_label.Model'.")
        elif label == self.model._meta.app_label:
            yield self._fault(f"{self.to} is in the same app", "Use a ForeignKey: the database can keep it right.")
        elif label in apps.app_configs:
            yield from self._check_installed(label, name)

    def _check_installed(self, label: str, name: str) -> Iterator[checks.CheckMessage]:
        target = apps.get_app_config(label).models.get(name.lower())
        if target is None:
            yield self._fault(f"the app {label!r} has no model {name!r}", "Correct the name.")
        elif (other := key_type(target)) != self.type:
            yield self._fault(f"the key of {self.to} is of type {other!r}, not {self.type!r}", f"Write type={other!r}.")

    def _fault(self, what: str, hint: str) -> checks.CheckMessage:
        return checks.Error(f"The reference points nowhere: {what}.", hint=hint, obj=self, id="strangler.E107")


class UUIDReference(Reference, models.UUIDField):  # type: ignore[type-arg]
    """A reference to a row whose key is a UUID."""

    type: Type = "uuid"


class IntegerReference(Reference, models.BigIntegerField):  # type: ignore[type-arg]
    """A reference to a row whose key is an integer."""

    type: Type = "integer"


class TextReference(Reference, models.CharField):  # type: ignore[type-arg]
    """A reference to a row whose key is a text."""

    type: Type = "text"

    def __init__(self, to: str, *args: Any, **options: Any) -> None:
        options.setdefault("max_length", 255)
        super().__init__(to, *args, **options)


_TYPES: dict[Type, type[Reference]] = {"uuid": UUIDReference, "integer": IntegerReference, "text": TextReference}


def key_type(model: type[models.Model]) -> Type:
    """Return the type of reference that holds the keys of *model*."""
    if isinstance(model._meta.pk, models.UUIDField):
        return "uuid"
    return "integer" if isinstance(model._meta.pk, models.IntegerField) else "text"
