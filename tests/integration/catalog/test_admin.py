"""The admin of a capability that may have moved (R22)."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest

from tests.contracts.catalog.client import Client
from tests.support.fixtures import StartPlatform
from tests.support.platform import Platform
from tests.support.state import writer_of

BOSS = {
    "DJANGO_SUPERUSER_USERNAME": "boss",
    "DJANGO_SUPERUSER_PASSWORD": "correct horse",
    "DJANGO_SUPERUSER_EMAIL": "boss@example.com",
}


class Browser:
    """Somebody logged in at the monolith's admin; forms carry their CSRF token."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open
        self._csrf = ""
        self.get("/admin/login/")
        self.post("/admin/login/", username="boss", password=BOSS["DJANGO_SUPERUSER_PASSWORD"])

    def get(self, path: str) -> str:
        """Return a page."""
        with self._open(self._url + path, timeout=30) as answer:
            return self._page(answer.read())

    def post(self, path: str, **form: object) -> tuple[int, str]:
        """Send a form and follow the redirect; return the status and the page."""
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": self._csrf, **form}, doseq=True).encode()
        try:
            with self._open(urllib.request.Request(self._url + path, body), timeout=30) as answer:
                return answer.status, self._page(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def _page(self, content: bytes) -> str:
        page = content.decode()
        if found := re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page):
            self._csrf = found[1]
        return page


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform):
    """Both hosts, with somebody who may log in."""
    with start_platform(request.param, products=3) as started:
        done = started.manage("createsuperuser", "--no-input", **BOSS)
        assert done.returncode == 0, done.stderr
        yield started


@pytest.fixture
def boss(platform: Platform) -> Browser:
    """Logged in, with the catalog at home."""
    if writer_of(platform) != "monolith":
        platform.strangler("toggle", "catalog", "monolith", "--yes")
    return Browser(platform.doors["monolith"])


@pytest.fixture
def draft(platform: Platform) -> dict:
    """A product that is not published yet."""
    staff = Client(platform.doors["monolith"], platform.token)
    slug = staff.get("/categories").json["data"][0]["slug"]
    name = f"draft-{uuid.uuid4().hex[:12]}"
    variants = [{"sku": name.upper(), "price": {"amount": 900, "currency": "USD"}}]
    return staff.create("/products", {"slug": name, "name": name, "category": slug, "variants": variants}).json


def content(product: dict, **change: object) -> dict:
    """The fields of the admin's form."""
    fields = ("slug", "name", "description", "brand")
    return {
        **{name: product[name] for name in fields},
        "category": product["category"]["id"],
        "attributes": "{}",
        **change,
    }


def managed() -> dict:
    """What a page with inlines sends beside its fields."""
    names = ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    return {f"{prefix}-{name}": 0 for prefix in ("variants", "media", "status_history", "prices") for name in names}


def test_lists_are_searched_filtered_and_show_pictures(platform: Platform, boss: Browser, draft: dict) -> None:
    """Nice to look at, and quick on many rows."""
    page = boss.get(f"/admin/catalog/product/?q={draft['slug']}&status__exact=draft")
    assert f"/api/catalog/products/{draft['id']}/picture.svg" in page
    assert "9.00 USD" in page
    assert "1 product" in page
    for path in ("variant/?q=DRAFT", "category/?is_active__exact=1", f"product/{draft['id']}/change/"):
        assert "</html>" in boss.get(f"/admin/catalog/{path}")


def test_form_writes_through_the_services(platform: Platform, boss: Browser, draft: dict) -> None:
    """Version, search and history follow, and a refusal is told."""
    staff = Client(platform.doors["monolith"], platform.token)
    path = f"/admin/catalog/product/{draft['id']}/change/"
    boss.get(path)
    status, _ = boss.post(path, **content(draft, name="Renamed lamp"), **managed())
    changed = staff.get(f"/products/{draft['id']}").json
    assert (status, changed["name"], changed["version"]) == (200, "Renamed lamp", 2)
    status, page = boss.post("/admin/catalog/product/", action="publish", _selected_action=draft["id"])
    assert (status, "1 done." in page) == (200, True)
    _, page = boss.post("/admin/catalog/product/", action="publish", _selected_action=draft["id"])
    assert "A published product cannot become published." in page
    boss.get(path)
    _, page = boss.post(path, **content(draft, category=""), **managed())
    assert "product_not_publishable" in page
    variant = draft["variants"][0]["id"]
    boss.get(f"/admin/catalog/variant/{variant}/change/")
    boss.post(f"/admin/catalog/variant/{variant}/change/", is_active="on", new_price_minor=1200, **managed())
    assert staff.get(f"/variants/{variant}").json["price"]["amount"] == 1200
    assert len(staff.get(f"/variants/{variant}/prices").json["data"]) == 2


def test_form_that_is_behind_changes_nothing(platform: Platform, boss: Browser, draft: dict) -> None:
    """Two people have the same page open: the second is told, and what the first wrote stays."""
    staff = Client(platform.doors["monolith"], platform.token)
    path = f"/admin/catalog/product/{draft['id']}/change/"
    page = boss.get(path)
    seen = re.search(r'name="seen_version" value="(\d+)"', page)
    assert seen
    boss.post(path, **content(draft, name="First"), **managed(), seen_version=seen[1])
    _, page = boss.post(path, **content(draft, name="Second"), **managed(), seen_version=seen[1])
    assert "version_conflict" in page
    assert staff.get(f"/products/{draft['id']}").json["name"] == "First"
    variant = draft["variants"][0]["id"]
    path = f"/admin/catalog/variant/{variant}/change/"
    seen = re.search(r'name="seen_version" value="(\d+)"', boss.get(path))
    dims = {"length_mm": 3, "width_mm": 2, "height_mm": 1}
    boss.post(path, is_active="on", **dims, **managed(), seen_version=seen[1])
    assert staff.get(f"/variants/{variant}").json["dims_mm"] == {"length": 3, "width": 2, "height": 1}
    _, page = boss.post(path, is_active="on", name="Late", **dims, **managed(), seen_version=seen[1])
    assert "version_conflict" in page
    _, page = boss.post(path, is_active="on", length_mm=3, **managed())
    assert "given together" in page


def test_admin_is_read_only_and_says_why_while_the_service_owns_the_catalog(
    platform: Platform, boss: Browser, draft: dict
) -> None:
    """The page offers nothing that the fence would refuse; a form from before is refused as well."""
    path = f"/admin/catalog/product/{draft['id']}/change/"
    assert 'name="_save"' in boss.get(path)
    platform.strangler("toggle", "catalog", "service", "--yes")
    for page in (boss.get("/admin/catalog/product/"), boss.get(path)):
        assert "The service owns these rows" in page
        assert '<a href="/api/catalog/docs">' in page
        assert 'name="_save"' not in page
        assert "/admin/catalog/product/add/" not in page
        assert 'value="publish"' not in page
    status, _ = boss.post(path, **content(draft, name="Too late"), **managed())
    assert status == 403
    status, _ = boss.post("/admin/catalog/product/", action="publish", _selected_action=draft["id"])
    assert json.loads(platform.manage("strangler", "status", "--json").stdout)["capabilities"][0]["writer"] == "service"
    there = Client(platform.doors["service"], platform.token).get(f"/products/{draft['id']}").json
    assert (there["name"], there["status"]) == (draft["name"], "draft")
