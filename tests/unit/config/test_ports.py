"""Ports: a taken one is named with what to do; chosen ones collide with no outgoing connection."""

import os
import socket

import pytest

from monolith.config.run.ports import HOST, PortTaken, free_port, require_free, same_port


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


def test_a_port_is_kept_from_one_start_to_the_next(tmp_path):
    """The subscriptions of a database know where it was."""
    file = tmp_path / "port"
    first = same_port(file)
    assert same_port(file) == first
    assert same_port(file, avoid=[first]) != first


def test_a_port_that_is_taken_meanwhile_is_given_up(tmp_path, taken):
    file = tmp_path / "port"
    file.write_text(str(taken))
    assert same_port(file) != taken
    assert file.read_text() != str(taken)
