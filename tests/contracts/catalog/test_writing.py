"""What staff may write, and how it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.catalog.client import Answer, Client
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.catalog.expectations import is_problem, names_field


def _usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}


def test_created_product_is_a_draft_that_can_be_found(staff: Client, shelf: Shelf) -> None:
    """201 with the resource, its address and its validator."""
    body = shelf.product_body(description="Words.", attributes={"color": "red"})
    answer = staff.create("/products", body)
    made = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/catalog/products/{made['id']}"
    assert (made["status"], made["version"], made["category"]) == ("draft", 1, None)
    assert made["price_from"] == made["variants"][0]["price"] == body["variants"][0]["price"]
    for name in ("slug", "name", "description", "brand", "attributes"):
        assert made[name] == body[name]
    again = staff.get(answer.headers["Location"])
    assert (again.json, again.etag) == (made, answer.etag)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"colour": "red"}, "colour"),
        ({"attributes": {"Bad Name": 1}}, "attributes"),
        ({"attributes": {"weight": 1.5}}, "attributes"),
        ({"attributes": {"weight": 2**53}}, "attributes"),
        ({"attributes": {"nul": "a\0b"}}, "attributes"),
        ({"attributes": {"half": "\ud800"}}, "attributes"),
        ({"attributes": [1]}, "attributes"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"variants": [{"sku": "A", "price": {"amount": 1.5, "currency": "USD"}}]}, "variants.0.price.amount"),
        ({"variants": [{"sku": "A", "price": {"amount": "5", "currency": "USD"}}]}, "variants.0.price.amount"),
        ({"variants": [{"sku": "A", "price": {"amount": -1, "currency": "USD"}}]}, "variants.0.price.amount"),
        ({"variants": [{"sku": "A", "price": {"amount": 1, "currency": "XXX"}}]}, "variants.0.price.currency"),
        ({"variants": [{"sku": "lower case", "price": {"amount": 1, "currency": "USD"}}]}, "variants.0.sku"),
        ({"variants": [{"sku": "A"}]}, "variants.0.price"),
    ],
)
def test_body_that_is_not_valid_names_the_field(
    staff: Client, shelf: Shelf, change: dict[str, Any], field: str
) -> None:
    """Nothing is bent to fit: no unknown members, no lookalike types."""
    names_field(staff.create("/products", {**shelf.product_body(), **change}), field)


def test_every_fault_is_named_at_once(staff: Client, shelf: Shelf) -> None:
    """Nobody likes to be told one at a time."""
    answer = staff.create("/products", {**shelf.product_body(), "name": "", "slug": "A B", "extra": 1})
    names_field(answer, "extra", "unknown")
    answer = staff.create("/products", {**shelf.product_body(), "name": "", "slug": "A B"})
    names_field(answer, "name", "blank")
    names_field(answer, "slug", "invalid")


def test_body_that_cannot_be_read_is_malformed(staff: Client) -> None:
    """Neither is a list an object."""
    headers = {"Idempotency-Key": "k"}
    is_problem(staff.send("POST", "/products", raw=b"{", headers=headers), 400, "malformed_request")
    is_problem(staff.send("POST", "/products", raw=b"[" * 100_000, headers=headers), 400, "malformed_request")
    names_field(staff.create("/products", [1]), "")
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    is_problem(staff.send("POST", "/products", raw=b"a=b", headers=form), 415, "unsupported_media_type")


def test_body_that_is_too_large_is_refused(staff: Client, shelf: Shelf) -> None:
    """A body is held in memory while it is read: 2.5 MiB, and no more."""
    body = shelf.product_body(description="x" * 3_000_000)
    is_problem(staff.create("/products", body), 413, "payload_too_large")


def test_taken_slug_is_refused(staff: Client, shelf: Shelf) -> None:
    """On create, replace and change; for categories as well."""
    first, second = shelf.draft(), shelf.draft()
    slug = first.json["slug"]
    is_problem(staff.create("/products", shelf.product_body(slug=slug)), 409, "slug_taken")
    path = f"/products/{second.json['id']}"
    is_problem(staff.change("PATCH", path, {"slug": slug}, tag=second.etag), 409, "slug_taken")
    category = shelf.category()["slug"]
    is_problem(staff.create("/categories", {"slug": category, "name": "Again"}), 409, "slug_taken")


def test_taken_sku_is_refused_and_leaves_nothing_behind(staff: Client, shelf: Shelf) -> None:
    """The product of the refused variant does not exist either."""
    taken = shelf.draft().json["variants"][0]
    body = shelf.product_body(variants=[{"sku": taken["sku"], "price": _usd(1)}])
    is_problem(staff.create("/products", body), 409, "sku_taken")
    is_problem(staff.get(f"/products/{body['slug']}"), 404, "not_found")
    other = shelf.draft().json
    is_problem(staff.create(f"/products/{other['id']}/variants", body["variants"][0]), 409, "sku_taken")


def test_unknown_category_is_refused(staff: Client, shelf: Shelf) -> None:
    """A product refers to a category of the catalog."""
    is_problem(staff.create("/products", shelf.product_body(category="nothing-here")), 422, "unknown_category")
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}"
    is_problem(staff.change("PATCH", path, {"category": "nothing-here"}, tag=draft.etag), 422, "unknown_category")
    is_problem(
        staff.create("/categories", {"slug": "x-y-z", "name": "X", "parent": "nothing-here"}), 422, "unknown_category"
    )


def test_replace_changes_everything_and_change_what_is_given(staff: Client, shelf: Shelf) -> None:
    """PUT needs all members, PATCH none; each raises the version by one."""
    draft = shelf.draft(description="Old.", attributes={"a": 1})
    path = f"/products/{draft.json['id']}"
    patched = staff.change("PATCH", path, {"description": "New."}, tag=draft.etag)
    assert (patched.status, patched.json["description"], patched.json["attributes"]) == (200, "New.", {"a": 1})
    content = {
        "slug": f"{draft.json['slug']}-2",
        "name": "N",
        "description": "",
        "category": None,
        "brand": "",
        "attributes": {},
    }
    names_field(staff.change("PUT", path, {**content, "name": ""}, tag=patched.etag), "name")
    del content["brand"]
    names_field(staff.change("PUT", path, content, tag=patched.etag), "brand", "required")
    put = staff.change("PUT", path, {**content, "brand": ""}, tag=patched.etag)
    assert (put.status, put.json["version"], put.json["attributes"]) == (200, 3, {})
    assert staff.get(path).json == put.json


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_change_of_an_older_version_is_refused(staff: Client, shelf: Shelf, method: str) -> None:
    """RFC 9110 13.1.1 and RFC 6585 3: the client must have seen what it changes; weak tags do not do."""
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}"
    body = {name: draft.json[name] for name in ("slug", "name", "description", "category", "brand", "attributes")}
    newer = staff.change("PATCH", path, {"description": "Newer."}, tag=draft.etag)
    conflict = staff.change(method, path, body, tag=draft.etag)
    is_problem(conflict, 412, "version_conflict")
    assert conflict.etag == newer.etag
    is_problem(staff.change(method, path, body, tag=f"W/{newer.etag}"), 412, "version_conflict")
    is_problem(staff.send(method, path, body=body), 428, "precondition_required")
    assert staff.get(path).json == newer.json
    assert staff.change(method, path, body, tag=f'"other", {newer.etag}').status in {200, 204}


def test_validator_of_a_part_allows_a_change(staff: Client, shelf: Shelf) -> None:
    """It names the version; that is what counts."""
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}"
    part = staff.get(path, fields="version")
    assert staff.change("PATCH", path, {"description": "New."}, tag=part.etag).status == 200
    assert staff.change("PATCH", path, {"description": "Newer."}, tag="*").status == 200


def test_draft_is_deleted_for_good(staff: Client, shelf: Shelf) -> None:
    """And what was published is not."""
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}"
    assert staff.change("DELETE", path, None, tag=draft.etag).status == 204
    is_problem(staff.get(path), 404, "not_found")
    published = shelf.published()
    answer = staff.change("DELETE", f"/products/{published.json['id']}", None, tag=published.etag)
    problem = is_problem(answer, 409, "invalid_transition")
    assert (problem["from"], problem["to"], problem["allowed"]) == ("published", "deleted", ["archived"])


def test_product_is_published_and_archived_and_published_again(staff: Client, shelf: Shelf) -> None:
    """A step that the status does not allow says what it allows."""
    made = shelf.published().json
    path = f"/products/{made['id']}"
    problem = is_problem(staff.create(f"{path}:publish", {}), 409, "invalid_transition")
    assert (problem["from"], problem["to"], problem["allowed"]) == ("published", "published", ["archived"])
    archived = staff.create(f"{path}:archive", {"reason": "Out of season."})
    assert (archived.status, archived.json["status"], archived.json["version"]) == (
        200,
        "archived",
        made["version"] + 1,
    )
    is_problem(staff.create(f"{path}:archive", {}), 409, "invalid_transition")
    assert staff.create(f"{path}:publish", {}).json["status"] == "published"
    is_problem(staff.create("/products/nothing-here:publish", {}), 404, "not_found")


def test_product_without_category_or_variant_is_not_publishable(staff: Client, shelf: Shelf) -> None:
    """Every reason at once."""
    bare = shelf.draft(variants=[]).json
    problem = is_problem(staff.create(f"/products/{bare['id']}:publish", {}), 422, "product_not_publishable")
    assert problem["reasons"] == ["no_category", "no_active_variant"]
    assert staff.get(f"/products/{bare['id']}").json == bare


def test_published_product_keeps_what_publishing_needs(staff: Client, shelf: Shelf) -> None:
    """Neither its category nor its last active variant is taken away."""
    made = shelf.published()
    answer = staff.change("PATCH", f"/products/{made.json['id']}", {"category": None}, tag=made.etag)
    assert is_problem(answer, 422, "product_not_publishable")["reasons"] == ["no_category"]
    variant = staff.get(f"/variants/{made.json['variants'][0]['id']}")
    answer = staff.change("PATCH", f"/variants/{variant.json['id']}", {"is_active": False}, tag=variant.etag)
    assert is_problem(answer, 422, "product_not_publishable")["reasons"] == ["no_active_variant"]


def test_variant_is_added_and_changed(staff: Client, shelf: Shelf, word: str) -> None:
    """The product shows it, with a version of its own."""
    made = shelf.published().json
    sku = f"{word}-EXTRA".upper()
    body = {"sku": sku, "price": _usd(500), "compare_at_price": _usd(900), "weight_g": 250, "barcode": "4006381333931"}
    added = staff.create(f"/products/{made['id']}/variants", body)
    assert added.status == 201
    assert added.headers["Location"] == f"/api/catalog/variants/{added.json['id']}"
    product = staff.get(f"/products/{made['id']}").json
    assert (product["price_from"], product["version"]) == (_usd(500), made["version"] + 1)
    assert added.json in product["variants"]
    path = added.headers["Location"]
    changed = staff.change("PATCH", path, {"is_active": False, "compare_at_price": None, "sku": sku}, tag=added.etag)
    assert (changed.status, changed.json["is_active"], changed.json["compare_at_price"]) == (200, False, None)
    assert staff.get(f"/products/{made['id']}").json["price_from"] == made["price_from"]
    is_problem(staff.change("PATCH", path, {"name": "Late"}, tag=added.etag), 412, "version_conflict")
    is_problem(staff.send("PATCH", path, body={"name": "Blind"}), 428, "precondition_required")


def test_sku_cannot_be_changed(staff: Client, shelf: Shelf) -> None:
    """Orders refer to it."""
    variant = staff.get(f"/variants/{shelf.draft().json['variants'][0]['id']}")
    answer = staff.change("PATCH", f"/variants/{variant.json['id']}", {"sku": "OTHER-1"}, tag=variant.etag)
    is_problem(answer, 422, "sku_immutable")


def test_price_keeps_its_history(staff: Client, anybody: Client, shelf: Shelf) -> None:
    """The same price changes nothing; another ends the one before at the same moment."""
    variant = staff.get(f"/variants/{shelf.published().json['variants'][0]['id']}")
    path = f"/variants/{variant.json['id']}"
    same = staff.change("PUT", f"{path}/price", {"price": variant.json["price"]}, tag=variant.etag)
    assert (same.status, same.json) == (200, variant.json)
    priced = staff.change("PUT", f"{path}/price", {"price": _usd(2599)}, tag=variant.etag)
    assert (priced.status, priced.json["price"], priced.json["version"]) == (200, _usd(2599), 2)
    old, new = staff.get(f"{path}/prices").json["data"]
    assert (old["price"], new["price"], new["valid_to"]) == (variant.json["price"], _usd(2599), None)
    assert old["valid_to"] == new["valid_from"]
    assert staff.get(f"{path}/prices", ordering="-valid_from", limit=1).json["data"] == [new]
    is_problem(anybody.get(f"{path}/prices"), 401, "not_authenticated")


def test_price_needs_the_version_that_it_changes(staff: Client, shelf: Shelf) -> None:
    """Two that reprice at once: one is told."""
    variant = staff.get(f"/variants/{shelf.draft().json['variants'][0]['id']}")
    path = f"/variants/{variant.json['id']}/price"
    is_problem(staff.send("PUT", path, body={"price": _usd(1)}), 428, "precondition_required")
    assert staff.change("PUT", path, {"price": _usd(1)}, tag=variant.etag).status == 200
    is_problem(staff.change("PUT", path, {"price": _usd(2)}, tag=variant.etag), 412, "version_conflict")


def test_variants_of_a_product_have_one_currency(staff: Client, shelf: Shelf, word: str) -> None:
    """A cheapest variant over two currencies means nothing."""
    made = shelf.draft().json
    euro = {"sku": f"{word}-EUR".upper(), "price": {"amount": 1, "currency": "EUR"}}
    is_problem(staff.create(f"/products/{made['id']}/variants", euro), 422, "currency_mismatch")
    dollar = {"sku": f"{word}-USD".upper(), "price": _usd(1)}
    is_problem(staff.create("/products", shelf.product_body(variants=[dollar, euro])), 422, "currency_mismatch")
    variant = staff.get(f"/variants/{made['variants'][0]['id']}")
    answer = staff.change("PUT", f"/variants/{variant.json['id']}/price", {"price": euro["price"]}, tag=variant.etag)
    is_problem(answer, 422, "currency_mismatch")
    empty = shelf.draft(variants=[]).json
    assert staff.create(f"/products/{empty['id']}/variants", euro).status == 201
    assert staff.get(f"/products/{empty['id']}").json["price_from"] == euro["price"]


def test_category_moves_with_its_subtree(staff: Client, shelf: Shelf) -> None:
    """Paths of all below follow, and products are found where it went."""
    left, right = shelf.category()["slug"], shelf.category()["slug"]
    middle = shelf.category(left)["slug"]
    leaf = shelf.category(middle)["slug"]
    product = shelf.published(category=leaf).json
    tag, leaf_tag = staff.get(f"/categories/{middle}").etag, staff.get(f"/categories/{leaf}").etag
    moved = staff.change("PATCH", f"/categories/{middle}", {"parent": right}, tag=tag)
    assert (moved.status, moved.json["path"], moved.json["parent"]) == (200, f"{right}/{middle}", right)
    below = staff.get(f"/categories/{leaf}", headers={"If-None-Match": leaf_tag})
    assert (below.status, below.json["path"]) == (200, f"{right}/{middle}/{leaf}")
    assert [row["id"] for row in staff.get(f"/categories/{right}/products").json["data"]] == [product["id"]]
    assert staff.get(f"/categories/{left}/products").json["data"] == []
    is_problem(staff.change("PATCH", f"/categories/{middle}", {"parent": left}, tag=tag), 412, "version_conflict")
    is_problem(staff.send("PATCH", f"/categories/{middle}", body={"parent": left}), 428, "precondition_required")
    rooted = staff.change("PATCH", f"/categories/{middle}", {"parent": None}, tag=moved.etag)
    assert (rooted.json["path"], rooted.json["parent"]) == (middle, None)


def test_category_cannot_lie_within_itself(staff: Client, shelf: Shelf) -> None:
    """Neither in itself nor in one of its own."""
    root = shelf.category()["slug"]
    leaf = shelf.category(shelf.category(root)["slug"])["slug"]
    for parent in (root, leaf):
        tag = staff.get(f"/categories/{root}").etag
        is_problem(staff.change("PATCH", f"/categories/{root}", {"parent": parent}, tag=tag), 409, "category_cycle")


def test_category_tree_has_a_depth(staff: Client, shelf: Shelf) -> None:
    """Ten, also for what is below a category that moves."""
    slug = None
    for _ in range(10):
        slug = shelf.category(slug)["slug"]
    is_problem(
        staff.create("/categories", {"slug": f"{slug}-deep", "name": "Deep", "parent": slug}), 422, "category_too_deep"
    )
    upper = shelf.category()["slug"]
    shelf.category(upper)
    parent = staff.get(f"/categories/{slug}").json["parent"]
    tag = staff.get(f"/categories/{upper}").etag
    is_problem(staff.change("PATCH", f"/categories/{upper}", {"parent": parent}, tag=tag), 422, "category_too_deep")


def test_name_of_a_category_changes_the_validators_of_its_products(staff: Client, shelf: Shelf) -> None:
    """A product shows its category's name."""
    made = shelf.published()
    slug = made.json["category"]["slug"]
    tag = staff.get(f"/categories/{slug}").etag
    assert staff.change("PATCH", f"/categories/{slug}", {"name": "Renamed"}, tag=tag).status == 200
    again = staff.get(f"/products/{made.json['id']}", headers={"If-None-Match": made.etag})
    assert (again.status, again.json["category"]["name"]) == (200, "Renamed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/products"),
        ("PUT", "/products/x"),
        ("PATCH", "/products/x"),
        ("DELETE", "/products/x"),
        ("POST", "/products/x:publish"),
        ("POST", "/products/x:archive"),
        ("POST", "/products/x/variants"),
        ("PATCH", "/variants/01890a5d-ac96-774b-bcce-b302099a8057"),
        ("PUT", "/variants/01890a5d-ac96-774b-bcce-b302099a8057/price"),
        ("POST", "/categories"),
        ("PATCH", "/categories/x"),
        ("DELETE", "/categories/x"),
        ("PUT", "/products/x/media"),
    ],
)
def test_writing_needs_somebody_who_may(anybody: Client, method: str, path: str) -> None:
    """401 with a challenge (RFC 9110 15.5.2), before anything else is looked at."""
    answer = anybody.send(method, path, body={})
    is_problem(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    forged = Client(anybody.url, "not.a.token").send(method, path, body={})
    is_problem(forged, 401, "not_authenticated")


def test_method_without_meaning_is_refused(staff: Client) -> None:
    """405 for those who may write; the scope of an undeclared method is nobody's."""
    answer = staff.send("DELETE", "/products")
    assert answer.status in {403, 405}
    assert answer.json["code"] in {"method_not_allowed", "permission_denied"}


def test_problem_repeats_the_request_id(staff: Client) -> None:
    """In the body and in the header; a harmful one is replaced."""
    answer = staff.get("/products/nothing-here", headers={"X-Request-ID": "abc-123"})
    assert is_problem(answer, 404, "not_found")["request_id"] == answer.headers["X-Request-ID"] == "abc-123"
    answer = staff.get("/products/nothing-here", headers={"X-Request-ID": "a b<script>"})
    assert answer.json["request_id"] not in {"", "a b<script>"}


def test_variant_has_dimensions(staff: Client, shelf: Shelf, word: str) -> None:
    """All three or none, in whole millimetres."""
    made = shelf.published().json
    dims = {"length": 300, "width": 200, "height": 100}
    body = {"sku": f"{word}-DIMS".upper(), "price": _usd(1), "dims_mm": dims}
    added = staff.create(f"/products/{made['id']}/variants", body)
    assert (added.status, added.json["dims_mm"]) == (201, dims)
    path = f"/variants/{added.json['id']}"
    larger = staff.change("PATCH", path, {"dims_mm": {**dims, "height": 120}}, tag=added.etag)
    assert (larger.status, larger.json["dims_mm"]["height"]) == (200, 120)
    assert staff.change("PATCH", path, {"dims_mm": None}, tag=larger.etag).json["dims_mm"] is None
    for bad, field in (({"length": 1, "width": 1}, "height"), ({**dims, "length": 0}, "length")):
        answer = staff.create(f"/products/{made['id']}/variants", {**body, "dims_mm": bad})
        names_field(answer, f"dims_mm.{field}")


def test_media_are_replaced_in_order(staff: Client, anybody: Client, shelf: Shelf) -> None:
    """They are a part of the product, and change its version."""
    made = shelf.published()
    path = f"/products/{made.json['id']}"
    assert made.json["media"] == []
    media = [{"url": "https://pictures.example/b.jpg", "alt": "From behind"}, {"url": "/media/a.svg", "alt": ""}]
    first = staff.change("PUT", f"{path}/media", {"media": media}, tag=made.etag)
    assert (first.status, first.json["media"], first.json["version"]) == (200, media, made.json["version"] + 1)
    assert anybody.get(path).json == first.json
    is_problem(staff.change("PUT", f"{path}/media", {"media": []}, tag=made.etag), 412, "version_conflict")
    is_problem(staff.send("PUT", f"{path}/media", body={"media": []}), 428, "precondition_required")
    second = staff.change("PUT", f"{path}/media", {"media": media[::-1]}, tag=first.etag)
    assert second.json["media"] == media[::-1]
    assert staff.change("PUT", f"{path}/media", {"media": []}, tag=second.etag).json["media"] == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://plain.example/a.jpg", "//other.example/a", "a.jpg", "/a b", "", 5]
)
def test_media_come_from_where_a_page_may_load_them(staff: Client, shelf: Shelf, url: object) -> None:
    """https, or a path of this platform."""
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}/media"
    names_field(staff.change("PUT", path, {"media": [{"url": url}]}, tag=draft.etag), "media.0.url")


def test_empty_category_is_deleted(staff: Client, anybody: Client, shelf: Shelf) -> None:
    """And one with children or products, of whatever status, is not."""
    root = shelf.category()["slug"]
    leaf = shelf.category(root)["slug"]
    shelf.draft(category=leaf)

    def delete(slug: str) -> Answer:
        return staff.change("DELETE", f"/categories/{slug}", None, tag=staff.get(f"/categories/{slug}").etag)

    problem = is_problem(delete(root), 409, "category_not_empty")
    assert (problem["children"], problem["products"]) == (1, 0)
    problem = is_problem(delete(leaf), 409, "category_not_empty")
    assert (problem["children"], problem["products"]) == (0, 1)
    empty = shelf.category(root)["slug"]
    is_problem(staff.send("DELETE", f"/categories/{empty}"), 428, "precondition_required")
    is_problem(staff.change("DELETE", f"/categories/{empty}", None, tag='"9-r2"'), 412, "version_conflict")
    assert delete(empty).status == 204
    is_problem(staff.get(f"/categories/{empty}"), 404, "not_found")
    is_problem(staff.change("DELETE", f"/categories/{empty}", None, tag="*"), 404, "not_found")
    (node,) = [node for node in anybody.get("/categories").json["data"] if node["slug"] == root]
    assert [child["slug"] for child in node["children"]] == [leaf]
