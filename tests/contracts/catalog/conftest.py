"""
Where the suite runs: the same bodies against the monolith, against the service, and while the catalog goes to and fro.

CATALOG_CONTRACT_URL and CATALOG_CONTRACT_TOKEN point the suite at a platform that runs already.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.catalog.client import Answer, Client
from tests.contracts.catalog.hosts import Hosts, running

RUNS = ("monolith", "service", "moving")


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Both hosts on SQLite, or on the PostgreSQL databases that the environment names."""
    names = ("MONOLITH_DATABASE_URL", "CATALOG_DATABASE_URL")
    databases = {name: os.environ[f"CONTRACT_{name}"] for name in names if f"CONTRACT_{name}" in os.environ}
    with running(tmp_path_factory.mktemp("platform"), databases) as started:
        yield started


@pytest.fixture(scope="session", params=[*RUNS])
def catalog_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address under test; it decides where the catalog is served meanwhile."""
    if url := os.environ.get("CATALOG_CONTRACT_URL"):
        if request.param != "monolith":
            pytest.skip("a given platform is taken as it is")
        yield url
        return
    hosts: Hosts = request.getfixturevalue("hosts")
    if request.param != "moving":
        hosts.toggle(request.param)
        yield hosts.monolith_url if request.param == "monolith" else hosts.service_url
        return
    with _moving(hosts):
        yield hosts.monolith_url


class _moving:
    """Toggles the catalog to and fro until left, and fails when it could not."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.moves = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)
        assert self._failure is None, self._failure
        assert self.moves >= 2, "the suite ended before the catalog had gone and come back"

    def _run(self) -> None:
        try:
            while not self._stop.is_set() or self.moves < 2:
                self._hosts.toggle("monolith" if self._hosts.writer() == "service" else "service")
                self.moves += 1
        except BaseException as error:
            self._failure = error


@pytest.fixture(scope="session")
def staff_token(request: pytest.FixtureRequest) -> str:
    """A token with the scopes catalog:read and catalog:write."""
    given = os.environ.get("CATALOG_CONTRACT_TOKEN")
    return given if given is not None else request.getfixturevalue("hosts").token


@pytest.fixture
def staff(catalog_url: str, staff_token: str) -> Client:
    """Somebody who may write."""
    return Client(catalog_url, staff_token)


@pytest.fixture
def anybody(catalog_url: str) -> Client:
    """Somebody unknown."""
    return Client(catalog_url)


@pytest.fixture
def word() -> str:
    """A word that no other test uses: every test makes its own rows and finds only them."""
    return f"w{uuid.uuid4().hex[:12]}"


class Shelf:
    """Makes rows for a test."""

    def __init__(self, staff: Client, word: str) -> None:
        self._staff = staff
        self._word = word
        self._made = 0

    def category(self, parent: str | None = None, **more: Any) -> dict[str, Any]:
        """Make a category."""
        self._made += 1
        body = {"slug": f"{self._word}-c{self._made}", "name": f"Category {self._made}", "parent": parent, **more}
        return dict(_created(self._staff.create("/categories", body)).json)

    def product_body(self, **more: Any) -> dict[str, Any]:
        """Return what a new product may look like."""
        self._made += 1
        name = f"{self._word} thing {self._made}"
        variant = {"sku": f"{self._word}-{self._made}".upper(), "price": {"amount": 1999, "currency": "USD"}}
        return {"slug": name.replace(" ", "-"), "name": name, "brand": self._word, "variants": [variant], **more}

    def draft(self, **more: Any) -> Answer:
        """Make a draft."""
        return _created(self._staff.create("/products", self.product_body(**more)))

    def published(self, **more: Any) -> Answer:
        """Make a product that everybody sees."""
        if "category" not in more:
            more["category"] = self.category()["slug"]
        made = self.draft(**more).json
        answer = self._staff.create(f"/products/{made['id']}:publish", {})
        assert answer.status == 200, answer.content
        return answer


def _created(answer: Answer) -> Answer:
    assert answer.status == 201, answer.content
    return answer


@pytest.fixture
def shelf(staff: Client, word: str) -> Shelf:
    """Makes rows for a test."""
    return Shelf(staff, word)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the live hosts."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.platform)
