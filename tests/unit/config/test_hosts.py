"""Which hosts run, and where each is."""

import pytest

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.hosts import UnknownHost, choose_sites, services_of

NAMES = tuple(capability.name for capability in CAPABILITIES)


def test_without_wishes_the_catalog_has_a_host_and_what_the_monolith_does_not_have():
    assert services_of([]) == ("catalog", "shipping")


@pytest.mark.parametrize("wished", [["inventory"], ["inventory", "catalog"], ["inventory", "inventory"]])
def test_wishes_are_added_in_the_order_of_the_list(wished):
    assert services_of(wished) == ("catalog", "inventory", "shipping")


def test_all_is_every_capability():
    assert services_of(["all"]) == NAMES


def test_an_unknown_host_is_refused_with_those_that_are_known():
    with pytest.raises(UnknownHost, match="no host nonsense. Choose from: catalog, inventory"):
        services_of(["nonsense"])


@pytest.mark.parametrize("usual_ports", [True, False])
def test_no_two_sites_share_a_port(usual_ports):
    sites = choose_sites(20_999, usual_ports=usual_ports)
    ports = [port for site in sites.values() for port in (site.port, site.internal_port)]
    assert tuple(sites) == ("monolith", *NAMES)
    assert len(set(ports)) == len(ports)
    assert 20_999 not in ports  # the edge's, which stands before them all


def test_a_site_names_its_settings_and_addresses():
    site = choose_sites(20_999, usual_ports=False)["inventory"]
    assert site.settings == "extracted.inventory.settings"
    assert (site.url, site.internal_url) == (f"http://127.0.0.1:{site.port}", f"http://127.0.0.1:{site.internal_port}")
