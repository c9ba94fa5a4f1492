"""What can be chosen about an Envoy that is rendered; whatever the table or the settings say is not asked again."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from strangler.errors import SetupError

BOOTSTRAP = "envoy.json"


@dataclass(frozen=True, slots=True)
class Options:
    """
    Where an Envoy listens, and what it guards.

    Attributes:
        listen: the public address; nothing internal is reachable there.
        internal: the address for other hosts, which takes their calls as well.
        admin: address of Envoy's own interface; whoever reaches it can stop Envoy.
        folder: where Envoy finds its files, and watches for the next routes.
        access_log: one JSON object a line; empty for none.
        certificate, private_key: files; with both of them the public listener speaks TLS.
        authorities: file of those by whom homes with https addresses are proven.
        requests_per_s: of each listener, beyond which requests are refused with 429; 0 for no limit.
        trusted_hops: proxies in front, whose X-Forwarded-For counts.
        traces: address of an OTLP collector over HTTP; empty for none: a trace context passes unchanged.
    """

    listen: str = "127.0.0.1:8000"
    internal: str = "127.0.0.1:8800"
    admin: str = "127.0.0.1:8801"
    folder: Path = Path("/etc/envoy")
    access_log: str = "/dev/stdout"
    certificate: str = ""
    private_key: str = ""
    authorities: str = "/etc/ssl/certs/ca-certificates.crt"
    requests_per_s: int = 0
    trusted_hops: int = 0
    traces: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """
        Return the options that *given* holds by name.

        Raises:
            SetupError: with everything that is wrong.
        """
        found = {f.name: given[f.name] for f in fields(cls) if given.get(f.name) is not None}
        if folder := given.get("out"):
            found["folder"] = Path(folder).resolve()
        made = cls(**found)
        if faults := made._faults():
            raise SetupError(faults)
        return made

    def _faults(self) -> list[str]:
        faults = []
        for name in ("listen", "internal", "admin"):
            host, _, port = str(getattr(self, name)).rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                faults.append(f"--{name} must be a host and a port such as 127.0.0.1:8000, not {getattr(self, name)}.")
        if bool(self.certificate) != bool(self.private_key):
            faults.append("--certificate and --private-key go together: TLS needs both.")
        if self.traces and not urlsplit(self.traces).hostname:
            faults.append(f"--traces must be an address such as http://127.0.0.1:4318, not {self.traces}.")
        return faults


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options to a command line."""
    usual = Options()
    parser.add_argument("--listen", help=f"the public address (default: {usual.listen})")
    parser.add_argument("--internal", help=f"the address for other hosts (default: {usual.internal})")
    parser.add_argument("--admin", help=f"Envoy's own interface, for nobody outside (default: {usual.admin})")
    parser.add_argument("--folder", type=Path, help=f"where Envoy finds the files (default: --out, or {usual.folder})")
    parser.add_argument("--access-log", help=f"file of JSON lines, or '' (default: {usual.access_log})")
    parser.add_argument("--certificate", help="file; with a private key the public listener speaks TLS")
    parser.add_argument("--private-key", help="file")
    parser.add_argument(
        "--requests-per-s", type=int, help="beyond it requests are refused with 429 (default: no limit)"
    )
    parser.add_argument("--trusted-hops", type=int, help="proxies in front of Envoy (default: 0)")
    parser.add_argument("--traces", help="OTLP collector over HTTP, such as http://127.0.0.1:4318")
