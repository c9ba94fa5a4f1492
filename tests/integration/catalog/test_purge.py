"""Expired idempotency keys, and events of the past, are forgotten by the home that owns them."""

from __future__ import annotations

from tests.contracts.catalog.client import Client
from tests.support.platform import Platform

EXPIRE = """
from datetime import timedelta
from django.db.models import F
from monolith.catalog.models import CatalogIdempotency
from strangler.fence import owning
with owning("catalog"):
    CatalogIdempotency.objects.filter(key="old").update(expires_at=F("expires_at") - timedelta(days=2))
"""
AGE = """
from datetime import timedelta
from django.utils import timezone
from monolith.catalog.models import CatalogInboxMessage, CatalogOutboxEvent
from strangler.fence import owning
past = timezone.now() - timedelta(days=1, minutes=1)
with owning("catalog"):
    CatalogOutboxEvent.objects.filter(payload__contains="old-one").update(created_at=past)
    for key, handled_at in (("old", past), ("new", timezone.now()), ("waiting", None)):
        CatalogInboxMessage.objects.create(consumer="test", event_id=key, received_at=past, handled_at=handled_at)
"""
LEFT = """
from monolith.catalog.models import CatalogInboxMessage, CatalogOutboxEvent
print("told", sum(CatalogOutboxEvent.objects.filter(payload__contains=slug).count() for slug in ("old-one", "new-one")))
print("had", sorted(CatalogInboxMessage.objects.filter(consumer="test").values_list("event_id", flat=True)))
"""
PURGE = "from monolith.catalog.tasks import purge_idempotency; print('purged', purge_idempotency())"


def shell(platform: Platform, code: str, *, settings: str = "monolith") -> str:
    done = platform.manage("shell", "-c", code, settings=settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_owner_purges_what_has_expired_and_the_other_home_skips(any_platform: Platform) -> None:
    """The task runs in both homes (R14); a key that is still in use keeps its meaning."""
    staff = Client(any_platform.doors["monolith"], any_platform.token)
    bodies = {key: {"slug": f"c-{key}", "name": key} for key in ("old", "new")}
    for key, body in bodies.items():
        assert staff.create("/categories", body, key=key).status == 201
    shell(any_platform, EXPIRE)
    assert "purged None" in shell(any_platform, PURGE, settings="catalog")
    assert "purged 1" in shell(any_platform, PURGE)
    assert "purged 0" in shell(any_platform, PURGE)
    assert staff.create("/categories", bodies["new"], key="new").replayed
    assert staff.create("/categories", bodies["old"], key="old").json["code"] == "slug_taken"


def test_owner_purges_events_that_everybody_has_had_for_a_day(any_platform: Platform) -> None:
    """What nobody has handled yet stays, however old it is."""
    for slug in ("old-one", "new-one"):
        any_platform.create_product("monolith", slug)
    shell(any_platform, AGE)
    assert "purged None" in shell(any_platform, PURGE, settings="catalog")
    assert "purged 2" in shell(any_platform, PURGE)
    assert "told 1\nhad ['new', 'waiting']" in shell(any_platform, LEFT)
