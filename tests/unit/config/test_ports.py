"""Ports: a taken one is named with what to do; chosen ones collide with no outgoing connection."""

import os
import socket

import pytest

from monolith.config.run.ports import HOST, PortTaken, free_port, require_free


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind((HOST, free_port()))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_its_holder_and_what_to_do(taken):
    with pytest.raises(PortTaken, match=rf"Port {taken} is taken by .*process {os.getpid()}.*make run PORT="):
        require_free(taken)


def test_a_free_port_passes():
    require_free(free_port())


def test_chosen_ports_are_below_those_of_outgoing_connections():
    assert all(1024 < free_port() < 32768 for _ in range(20))


def test_the_preferred_port_is_taken_when_it_is_free(taken):
    preferred = free_port()
    assert free_port(preferred=preferred) == preferred
    assert free_port(preferred=taken) != taken
    assert free_port(preferred=preferred, avoid=[preferred]) != preferred
