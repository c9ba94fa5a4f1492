"""
Networks of our own whose cables can be cut: each member has a network namespace, and a router namespace joins them.

A cut is one of real packets: the router drops them without a word, so both ends wait as they do when a cable is out.
This process and whatever it starts otherwise stay outside, and reach every member through the router.
"""

from __future__ import annotations

import os
import random
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

OUTSIDE = "outside"
"""The name of where we are, among the members of a network."""


@dataclass(frozen=True, slots=True)
class Network:
    """Members by name, each with an address; `cut` parts two of them."""

    name: str
    addresses: dict[str, str]

    def entry(self, member: str) -> tuple[str, ...]:
        """Return the words that, before a command, run it at a member."""
        return ("nsenter", f"--net=/run/netns/{self.name}{member}", "--")

    @contextmanager
    def cut(self, one: str, other: str) -> Iterator[None]:
        """Drop every packet between two members, new connections or old, until the block ends."""
        with ExitStack() as heal:
            for source, target in ((one, other), (other, one)):
                rule = ("from", self.addresses[source], "to", self.addresses[target], "blackhole")
                self._router("rule", "add", *rule)
                heal.callback(self._router, "rule", "del", *rule)
            yield

    def _router(self, *arguments: str) -> None:
        _ip("-n", f"{self.name}router", *arguments)


def why_not() -> str:
    """Return why this machine lets us make no network, as a test that needs one says; empty when it does."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        with running_network(["probe"]):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or error
        return f"no network namespaces here (iproute2 and its rights): {said}".strip()


@contextmanager
def running_network(members: Sequence[str]) -> Iterator[Network]:
    """Make a network of *members*, short names, until the block ends; its addresses are for tests alone (RFC 2544)."""
    name = f"n{uuid.uuid4().hex[:6]}"
    subnet = _free_subnet()
    places = {member: f"{subnet}.{4 * number + 2}" for number, member in enumerate((OUTSIDE, *members))}
    with ExitStack() as undo:
        _add_namespace(f"{name}router", undo)
        _ip("netns", "exec", f"{name}router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for number, (member, address) in enumerate(places.items()):
            namespace = [] if member == OUTSIDE else ["-n", f"{name}{member}"]
            if namespace:
                _add_namespace(namespace[1], undo)
                _ip(*namespace, "link", "set", "lo", "up")
            device = f"{name}{number}"
            _ip("link", "add", device, "type", "veth", "peer", f"to{number}", "netns", f"{name}router")
            if namespace:
                _ip("link", "set", device, "netns", namespace[1])
            else:
                undo.callback(_ip, "link", "del", device)
            _ip(*namespace, "addr", "add", f"{address}/30", "dev", device)
            _ip(*namespace, "link", "set", device, "up")
            gateway = f"{subnet}.{4 * number + 1}"
            _ip("-n", f"{name}router", "addr", "add", f"{gateway}/30", "dev", f"to{number}")
            _ip("-n", f"{name}router", "link", "set", f"to{number}", "up")
            _ip(*namespace, "route", "add", f"{subnet}.0/24", "via", gateway)
        yield Network(name, places)


def _add_namespace(name: str, undo: ExitStack) -> None:
    _ip("netns", "add", name)
    undo.callback(_ip, "netns", "del", name)


def _free_subnet() -> str:
    routes = _ip("-o", "route")
    return random.choice([subnet for number in range(256) if f"{(subnet := f'198.18.{number}')}." not in routes])


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
