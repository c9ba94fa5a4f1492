"""Writes of the category tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from monolith.catalog.contract import (
    CategoryCycle,
    CategoryMoved,
    CategoryNotEmpty,
    CategoryTooDeep,
    UnknownCategory,
    VersionConflict,
)
from monolith.catalog.domain import CATEGORY_DEPTH_MAX, below, category_path, depth_of, is_within
from monolith.catalog.models import Category, Product
from monolith.catalog.services.rows import category_to_refer_to, unique, update, writing
from strangler.events import publish


@writing
def category_create(*, slug: str, name: str, parent: str | None = None, position: int = 0) -> Category:
    """Make a category below *parent* (a slug), or a root. Raises SlugTaken, UnknownCategory, CategoryTooDeep."""
    above = None if parent is None else category_to_refer_to(parent)
    row = Category(
        slug=slug, name=name, parent=above, position=position, path=category_path(above and above.path, slug)
    )
    _check_depth(row.path)
    with unique():
        row.save(force_insert=True)
    return row


@writing
def category_update(*, category: Category, changes: Mapping[str, Any]) -> Category:
    """
    Change name, position, is_active or parent (a slug or None); moving takes the whole subtree along.

    Raises:
        CategoryCycle, CategoryTooDeep, UnknownCategory: nothing was changed.
        VersionConflict: *category* is no longer as it was read.
    """
    fields = {name: changes[name] for name in ("name", "position", "is_active") if name in changes}
    if "parent" in changes:
        fields |= _moved(category, changes["parent"])
    update(Category, category, fields)
    # A product shows its category's name, so its validators change with it.
    if "name" in fields:
        Product.objects.filter(category=category).update(version=F("version") + 1)
    category.refresh_from_db()
    return category


@writing
def category_delete(*, category: Category) -> None:
    """
    Forget a category that holds nothing.

    Raises:
        CategoryNotEmpty: it has children or products, of whatever status.
        VersionConflict: *category* is no longer as it was read.
    """
    # Whoever refers to it holds a share of its key until the end of his transaction, so that this waits for him.
    Category.objects.select_for_update().filter(id=category.id).first()
    held = {"children": category.children.count(), "products": category.products.count()}
    if any(held.values()):
        raise CategoryNotEmpty(f"{category.slug!r} is not empty.", **held)
    if not Category.objects.filter(id=category.id, version=category.version).delete()[0]:
        raise VersionConflict("The resource has changed since it was read.")


def _moved(category: Category, parent_slug: str | None) -> dict[str, Any]:
    # Two moves at once could close a circle that neither sees: every move locks the whole tree, in one order.
    tree = {row.slug: row for row in Category.objects.select_for_update().order_by("id")}
    parent = None
    if parent_slug is not None:
        parent = tree.get(parent_slug)
        if parent is None:
            raise UnknownCategory(f"There is no category {parent_slug!r}.")
        if is_within(parent.path, category.path):
            raise CategoryCycle(f"{parent_slug!r} lies within {category.slug!r}.")
    path = category_path(parent and parent.path, category.slug)
    if path == category.path:
        return {}
    _move_subtree(category, path, tree.values())
    return {"parent": parent, "path": path}


def _move_subtree(category: Category, path: str, tree: Iterable[Category]) -> None:
    """Take everything below *category* along to *path*, and tell of each that it has moved."""
    _check_depth(path)
    subtree = [row for row in tree if row.path.startswith(below(category.path))]
    moves = [CategoryMoved(category_id=category.id, slug=category.slug, old_path=category.path, new_path=path)]
    for row in subtree:
        old_path, row.path = row.path, path + row.path.removeprefix(category.path)
        row.version += 1
        _check_depth(row.path)
        moves.append(CategoryMoved(category_id=row.id, slug=row.slug, old_path=old_path, new_path=row.path))
    Category.objects.bulk_update(subtree, ["path", "version"])
    publish(*moves)


def _check_depth(path: str) -> None:
    if depth_of(path) > CATEGORY_DEPTH_MAX:
        raise CategoryTooDeep(f"{path} is deeper than {CATEGORY_DEPTH_MAX}.")
