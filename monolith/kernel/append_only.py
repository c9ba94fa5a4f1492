"""Rows that are added and read, and never rewritten: journals, ledgers, what happened."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(TypeError):
    """Somebody tried to rewrite what happened."""

    def __init__(self, model: type[models.Model]) -> None:
        rows = str(model._meta.verbose_name_plural).capitalize()
        super().__init__(f"{rows} are never changed or deleted; add another one that corrects.")


class _Rows(models.QuerySet[Any]):
    """Rows are added and read."""

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnlyError(self.model)

    def delete(self) -> NoReturn:
        raise AppendOnlyError(self.model)

    def bulk_create(self, objs: Any, *args: Any, update_conflicts: bool = False, **more: Any) -> list[Any]:
        if update_conflicts:
            raise AppendOnlyError(self.model)
        return super().bulk_create(objs, *args, **more)


class AppendOnly(models.Model):
    """
    A row that the application may add, and neither change nor delete.

    The database has no trigger for it: on SQLite a move empties a table with a plain DELETE, which a trigger cannot
    tell from anybody else's. The app's audit finds what was changed behind it.
    """

    objects = _Rows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; a row that is there already is refused."""
        if not self._state.adding:
            raise AppendOnlyError(type(self))
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(type(self))
