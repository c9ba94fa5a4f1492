"""What stands in for the world outside in a running platform: payment providers, carriers and a mail server."""

from __future__ import annotations

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from monolith.config.run.hosts import ROOT
from monolith.config.run.ports import HOST, free_port
from monolith.config.run.processes import Program


@dataclass(frozen=True, slots=True)
class Sandbox:
    """
    A program of an app that plays others.

    Attributes:
        variable: by which hosts know where it is.
        webhooks: its option that says where it tells what has happened; empty: it tells nobody.
        path: where the app takes that.
        scheme: what it speaks.
        does: what there is to be seen of it, for a person.
    """

    name: str
    title: str
    module: str
    port: int
    variable: str
    webhooks: str = ""
    path: str = ""
    scheme: str = "http"
    does: str = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://{HOST}:{self.port}"

    def program(self, host_url: str, environment: Mapping[str, str]) -> Program:
        """Return how it is run; it tells the host at *host_url*, which finds the way."""
        tell = (self.webhooks, f"{host_url}{self.path}") if self.webhooks else ()
        return Program(
            name=self.name,
            title=self.title,
            argv=(sys.executable, "-m", self.module, "--port", str(self.port), *tell),
            address="" if self.does else self.url,
            does=self.does,
            ready=self.answers,
            environment=environment,
            directory=ROOT,
        )

    def answers(self) -> bool:
        """Whether it listens, whatever it says."""
        if self.scheme != "http":
            with suppress(OSError), socket.create_connection((HOST, self.port), timeout=2):
                return True
            return False
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=2):  # noqa: S310  our own address
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False


_USUAL = (
    Sandbox(
        name="providers",
        title="Payment providers",
        module="monolith.payments.sandbox",
        port=8304,
        variable="PAYMENTS_SANDBOX_URL",
        webhooks="--webhooks",
        path="/api/payments/webhooks",
    ),
    Sandbox(
        name="carriers",
        title="Carriers",
        module="extracted.shipping.sandbox",
        port=8305,
        variable="SHIPPING_CARRIERS_URL",
        webhooks="--webhook-url",
        path="/api/shipping/webhooks",
    ),
    Sandbox(
        name="mails",
        title="Mail server",
        module="monolith.notifications.sandbox",
        port=8308,
        variable="NOTIFICATIONS_SMTP",
        scheme="smtp",
        does="keeps mail in .run/mails",
    ),
)


def choose_sandboxes(*, usual_ports: bool, avoid: Collection[int]) -> tuple[Sandbox, ...]:
    """
    Return every sandbox at a free port.

    Args:
        usual_ports: take the ports that the settings name, as far as they are free.
    """
    taken, chosen = list(avoid), []
    for usual in _USUAL:
        port = free_port(preferred=usual.port if usual_ports else None, avoid=taken)
        taken.append(port)
        chosen.append(replace(usual, port=port))
    return tuple(chosen)
