"""Carriers, zones and prices as one document."""

import json

import pytest
from django.core.management import CommandError, call_command

from extracted.shipping import pricelist
from extracted.shipping.models import Carrier, ShippingRateRule, Zone
from extracted.shipping.seed import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def document():
    """What a new platform begins with, as a file says it."""
    list(settle())
    return json.loads(pricelist.encoded(pricelist.in_force()))


@pytest.fixture
def load(tmp_path, capsys):
    """A function (document, *options) that loads it, and returns what was said."""

    def load(document, *options):
        file = tmp_path / "prices.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        call_command("pricelist", "load", str(file), *options)
        return capsys.readouterr().out

    return load


def test_what_is_shown_can_be_loaded_and_changes_nothing(document, load, capsys):
    call_command("pricelist", "show")
    assert load(capsys.readouterr().out) == "That is in force already.\n"
    assert {zone["code"] for zone in document["zones"]} == {"US", "US-REMOTE", "CA", "EU"}
    assert sum(len(zone["rules"]) for zone in document["zones"]) == 5


def test_document_is_put_in_force_as_a_whole(document, load):
    document["carriers"][0]["is_active"] = False
    document["zones"] = [zone for zone in document["zones"] if zone["code"] != "EU"]
    first = document["zones"][0]
    first["rules"] = [{"service": "sledge", "weight_max_kg": 10, "base_minor": 100, "currency": "USD"}]
    document["zones"].append({"code": "JP", "countries": ["JP"]})
    tried = load(document, "--dry-run")
    assert Zone.objects.filter(code="EU").exists()
    told = load(document, "--yes")
    assert told.splitlines()[:-1] == tried.splitlines()[:-1]
    assert "- standard in EU from 0 kg" in told
    assert f"+ sledge in {first['code']} from 0 kg: weight_max_kg 10, base_minor 100" in told
    assert f"~ carrier {document['carriers'][0]['code']}: is_active True -> False\n" in told
    assert set(Zone.objects.values_list("code", flat=True)) == {"US", "US-REMOTE", "CA", "JP"}
    assert list(Zone.objects.get(code=first["code"]).rules.values_list("service", "base_minor")) == [("sledge", 100)]
    assert Carrier.objects.filter(is_active=False).count() == 1


def _rule(document):
    return document["zones"][0]["rules"][0]


WRONG = {
    "a field that nobody knows": (
        lambda d: _rule(d).update(price=5),
        "unknown field `price` - at `$.zones[0].rules[0]`",
    ),
    "an amount below nothing": (lambda d: _rule(d).update(base_minor=-1), ">= 0"),
    "weights the wrong way round": (lambda d: _rule(d).update(weight_min_kg=99), "weight_max_kg is"),
    "days the wrong way round": (lambda d: _rule(d).update(days_min=99), "days_min 99"),
    "no currency": (lambda d: _rule(d).update(currency="XXQ"), "there is no currency 'XXQ'; choose from"),
    "a zone twice": (lambda d: d["zones"].append(d["zones"][0]), "is there 2 times"),
    "a rule twice": (lambda d: d["zones"][0]["rules"].append(_rule(d)), "is there 2 times"),
    "a carrier without code": (lambda d: d["carriers"][0].update(code="pigeon"), "pigeon is spoken to is not known"),
    "a carrier forgotten": (lambda d: d["carriers"].pop(), "is not forgotten but made is_active: false"),
    "a country in full": (lambda d: d["zones"][0].update(countries=["France"]), "at `$.zones[0].countries[0]`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_document_is_refused_and_nothing_changes(document, load, name):
    spoil, said = WRONG[name]
    before = list(ShippingRateRule.objects.order_by("id").values())
    spoil(document)
    with pytest.raises(CommandError, match="Nothing was changed") as refused:
        load(document, "--yes")
    assert said in str(refused.value)
    assert list(ShippingRateRule.objects.order_by("id").values()) == before


def test_what_is_no_document_is_refused(document, load, tmp_path):
    with pytest.raises(CommandError, match=r"prices\.json: .*truncated"):
        load("{")
    with pytest.raises(CommandError, match="No such file"):
        call_command("pricelist", "load", str(tmp_path / "missing.json"))


def test_nobody_is_asked_where_nobody_is(document, load):
    document["zones"].pop()
    with pytest.raises(CommandError, match="say --yes"):
        load(document)
    assert Zone.objects.count() == 4
