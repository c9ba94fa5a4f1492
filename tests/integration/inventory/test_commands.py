"""What people and clocks start: recount, seed, sweeper, purge, admin; in hosts as they run."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.contracts.client import Client
from tests.contracts.moves import move
from tests.integration.catalog.test_admin import BOSS, Browser
from tests.support.fixtures import *  # noqa: F403
from tests.support.fixtures import StartPlatform
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
SWEEP = "from monolith.inventory.tasks import expire_reservations; print('expired', expire_reservations())"
PURGE = "from monolith.inventory.tasks import purge_idempotency; print('purged', purge_idempotency())"
AGE = """
from datetime import timedelta
from django.db.models import F
from monolith.inventory.models import InventoryIdempotency, Reservation
from strangler.fence import owning
with owning("inventory"):
    earlier = F("expires_at") - timedelta(days=9)
    Reservation.objects.update(expires_at=earlier)
    InventoryIdempotency.objects.filter(route="POST /reservations").update(expires_at=earlier)
"""


@pytest.fixture(scope="module")
def platform(start_platform: StartPlatform):
    """Both homes of the inventory."""
    with start_platform("postgres", products=0, services=("inventory",)) as started:
        yield started


@pytest.fixture
def staff(platform: Platform) -> Client:
    move(platform, "monolith")
    return Client(platform.doors["monolith"], platform.token, "/api/inventory")


def run(platform: Platform, *arguments: str, settings: str = "monolith") -> str:
    done = platform.manage(*arguments, settings=settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_seed_stocks_what_is_missing_and_leaves_the_books_in_order(platform: Platform, staff: Client, tmp_path: Path):
    """Names on the line and from a file; a second run adds nothing, another home is refused with a hint."""
    file = tmp_path / "skus"
    file.write_text("\n".join(f"SEED-{number}" for number in range(300)))
    assert run(platform, "seed_inventory", "SEED-A", "--skus-from", str(file)).startswith("301 SKUs stocked, 0 were")
    assert run(platform, "seed_inventory", "SEED-A", "SEED-B").startswith("1 SKUs stocked, 1 were there already")
    level = staff.get("/stock/SEED-7").json
    assert {place["warehouse"] for place in level["warehouses"]} <= {"EAST", "CENTRAL", "WEST"}
    assert run(platform, "recount_stock") == "The books are in order.\n"
    bad = platform.manage("seed_inventory", "no sku")
    assert (bad.returncode, "is no SKU" in bad.stderr) == (1, True)
    move(platform, "service")
    refused = platform.manage("seed_inventory", "SEED-C")
    assert (refused.returncode, "strangler toggle inventory" in refused.stderr) == (1, True), refused.stderr
    assert run(platform, "seed_inventory", "SEED-C", settings="inventory").startswith("1 SKUs stocked")


def test_recount_finds_a_unit_that_nobody_booked(platform: Platform, staff: Client):
    """Past the application, in the database: the exit code and the place tell."""
    staff.create("/warehouses", {"code": "ROBBED"})
    staff.create("/stock/ROBBED-1/receipts", {"warehouse": "ROBBED", "qty": 5})
    with psycopg.connect(platform.homes["monolith"]) as connection:
        connection.execute("UPDATE inventory_stock_item SET on_hand = 4 WHERE sku = 'ROBBED-1'")
    done = platform.manage("recount_stock", "--json")
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["differences"]
    assert (found["sku"], found["warehouse"], found["on_hand"], found["moved_on_hand"]) == ("ROBBED-1", "ROBBED", 4, 5)
    assert "4 on hand, movements say 5" in platform.manage("recount_stock").stdout
    with psycopg.connect(platform.homes["monolith"]) as connection:
        connection.execute("UPDATE inventory_stock_item SET on_hand = 5 WHERE sku = 'ROBBED-1'")
    run(platform, "recount_stock")


def test_owner_sweeps_and_purges_and_the_other_home_skips(platform: Platform, staff: Client):
    """R14: the tasks run in both homes."""
    staff.create("/warehouses", {"code": "SWEPT"})
    staff.create("/stock/SWEPT-1/receipts", {"warehouse": "SWEPT", "qty": 5})
    body = {"order_id": str(uuid.uuid4()), "lines": [{"sku": "SWEPT-1", "qty": 2}]}
    row = staff.create("/reservations", body).json
    run(platform, "shell", "-c", AGE)
    for task in (SWEEP, PURGE):
        assert " None" in run(platform, "shell", "-c", task, settings="inventory")
        # The host has a clock of its own, which may have been quicker.
        assert run(platform, "shell", "-c", task).split()[-1] in {"0", "1"}
        assert run(platform, "shell", "-c", task).split()[-1] == "0"
    with psycopg.connect(platform.homes["monolith"]) as connection:
        aged = "SELECT count(*) FROM inventory_idempotency WHERE expires_at < now()"
        assert connection.execute(aged.encode()).fetchall() == [(0,)]
    assert staff.get(f"/reservations/{row['id']}").json["status"] == "expired"
    assert staff.get("/stock/SWEPT-1").json["available"] == 5


def test_events_go_on_counting_in_the_other_home(platform: Platform, staff: Client):
    """R7: the outbox and its counters are the inventory's own rows; what was told before the move is there, too."""
    staff.create("/warehouses", {"code": "TOLD"})
    staff.create("/stock/TOLD-1/receipts", {"warehouse": "TOLD", "qty": 1, "reference": "DN-1"})
    move(platform, "service")
    there = Client(platform.doors["service"], platform.token, "/api/inventory")
    there.create("/stock/TOLD-1/adjustments", {"warehouse": "TOLD", "delta": -1, "reason": "lost"})
    with psycopg.connect(platform.homes["service"]) as connection:
        rows = connection.execute(
            "SELECT sequence, type FROM inventory_outbox WHERE aggregate_id = 'TOLD-1' ORDER BY sequence"
        ).fetchall()
    assert rows == [
        (1, "shop.stock.received.v1"),
        (2, "shop.stock.back_in_stock.v1"),
        (3, "shop.stock.adjusted.v1"),
        (4, "shop.stock.out.v1"),
    ]


def test_admin_corrects_through_the_services_and_is_read_only_when_moved(platform: Platform, staff: Client):
    """Every page opens; a correction leaves its movement; nothing is offered that the fence would refuse."""
    done = platform.manage("createsuperuser", "--no-input", **BOSS)
    assert done.returncode == 0, done.stderr
    staff.create("/warehouses", {"code": "ADMIN"})
    staff.create("/stock/ADMIN-1/receipts", {"warehouse": "ADMIN", "qty": 5})
    body = {"order_id": str(uuid.uuid4()), "lines": [{"sku": "ADMIN-1", "qty": 2}]}
    row = staff.create("/reservations", body).json
    with psycopg.connect(platform.homes["monolith"]) as connection:
        (item,) = connection.execute("SELECT id FROM inventory_stock_item WHERE sku = 'ADMIN-1'").fetchone() or ()
    boss = Browser(platform.doors["monolith"])
    for page in (
        "warehouse/",
        "stockitem/?q=ADMIN",
        "reservation/",
        f"reservation/{row['id']}/change/",
        "stockmovement/",
    ):
        assert "</html>" in boss.get(f"/admin/inventory/{page}")
    path = f"/admin/inventory/stockitem/{item}/change/"
    boss.get(path)
    boss.post(path, safety_stock=1, delta=-1, reason="broken")
    assert staff.get("/stock/ADMIN-1").json["available"] == 1
    _, page = boss.post(path, safety_stock=1, delta=-9, reason="stolen")
    assert "insufficient_stock" in page
    _, page = boss.post("/admin/inventory/reservation/", action="release", _selected_action=row["id"])
    assert "1 done." in page
    move(platform, "service")
    for page in (boss.get("/admin/inventory/stockitem/"), boss.get(path)):
        assert "The service owns these rows" in page
        assert 'name="_save"' not in page
    assert boss.post(path, safety_stock=0, delta=1, reason="late")[0] == 403
