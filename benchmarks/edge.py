"""
What the edge costs: our Envoy as rendered beside one written by hand, nginx, HAProxy and Caddy, and no hop at all.

All in one run. The home behind is nginx with a static answer of 1 KiB, or a trivial Django view under granian. Our
Envoy has everything on: access log, health checks, limits, retries, header rules; the others pass requests on and no
more. With 1,000 routes ours is to cost what it costs with 10. The CPU is that of the hop's processes alone. Caddy
takes part where it is installed.
Run: python -m benchmarks.edge [--rounds 5] [--seconds 3]
"""

from __future__ import annotations

import argparse
import json
import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from benchmarks.harness import (
    Hop,
    alternate,
    commit,
    free_port,
    hop_rows,
    hop_table,
    need,
    running,
    site,
    workplace,
)
from strangler.conf import Conf, parse
from strangler.edge.envoy.program import command
from strangler.edge.envoy.renderer import render
from strangler.edge.renderer import write
from strangler.routing import CapabilityState, Route, Table

CONNECTIONS = (1, 32)
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

STATIC = """
daemon off; worker_processes 1; pid {dir}/static.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }} }}
}}
"""
NGINX = """
daemon off; worker_processes 1; pid {dir}/nginx-{port}.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; keepalive_requests 1000000000;
  upstream home {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://home; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  default_backend home
backend home
  server home 127.0.0.1:{upstream}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  reverse_proxy 127.0.0.1:{upstream}
}}
"""
PEERS = {
    "nginx": (NGINX, ["nginx", "-c", "{file}"]),
    "haproxy": (HAPROXY, ["haproxy", "-db", "-f", "{file}"]),
    "caddy": (CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    given = parser.parse_args()
    need("wrk", "nginx", "haproxy")
    settings.configure(MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"])  # our Envoy looks for them
    rows: list[list[str]] = []
    with workplace("upstream") as place:
        folder = Path(place["BENCH_DIR"])
        for kind in ("static", "Django"):
            with ExitStack() as stack:
                if kind == "static":
                    upstream = static(folder, stack)
                else:
                    _, upstream = stack.enter_context(site(place, name="upstream", BENCH_ROUTER="without"))
                hops = start_hops(folder / kind, upstream, stack)
                for connections in CONNECTIONS:
                    runs = {name: partial(hop.load, given.seconds, connections) for name, hop in hops.items()}
                    rows += hop_rows(alternate(runs, given.rounds), "minimal Envoy", f"{kind}, {connections}")
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians, answers of 1 KiB\n")
    print(hop_table("hop, home, connections", "minimal Envoy", rows))


def static(folder: Path, stack: ExitStack) -> int:
    """Start a home that always gives the same answer; return its port."""
    port, file = free_port(), folder / "static.conf"
    file.write_text(STATIC.format(dir=folder, port=port, body="x" * 1024))
    stack.enter_context(running(["nginx", "-c", str(file)], port))
    return port


def start_hops(folder: Path, upstream: int, stack: ExitStack) -> dict[str, Hop]:
    """Start every hop before *upstream*."""
    folder.mkdir()
    hops = {"direct": Hop(None, upstream)}
    for count in (10, 1_000):
        hops[f"our Envoy, {count:,} routes"] = ours(folder / f"ours-{count}", upstream, count, stack)
    hops["minimal Envoy"] = minimal(folder, upstream, stack)
    for name, (text, arguments) in PEERS.items():
        if shutil.which(name):
            port, file = free_port(), folder / f"{name}.conf"
            file.write_text(text.format(dir=folder, port=port, upstream=upstream))
            hops[name] = Hop(stack.enter_context(running([a.format(file=file) for a in arguments], port)), port)
    return hops


def ours(folder: Path, upstream: int, count: int, stack: ExitStack) -> Hop:
    """Start Envoy as `strangler render` writes it, with a table of *count* routes."""
    conf = conf_of(upstream)
    routes = [Route("site", Hop.path), *(Route("site", f"/other/{n}/") for n in range(count - 1))]
    moved = Table(1, [CapabilityState("site", "extracted", 0, "service", 2)], routes)
    ports = {name: free_port() for name in ("listen", "internal", "admin")}
    options: dict[str, Any] = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    write(render(moved, conf, {**options, "out": folder, "access_log": str(folder / "access.log")}), folder)
    return Hop(stack.enter_context(running(command(folder / "envoy.json"), ports["listen"])), ports["listen"])


def conf_of(upstream: int) -> Conf:
    """Return settings in which one capability's service is *upstream*."""
    url = f"http://127.0.0.1:{upstream}"
    site_conf = {"service_url": url, "databases": {"monolith": "default"}, "routes": [{"prefix": Hop.path}]}
    raw = {"HOST": "monolith", "KEYS": {"bench": "k" * 32}, "MONOLITH_URL": url, "CAPABILITIES": {"site": site_conf}}
    return parse(raw, databases=("default",))


def minimal(folder: Path, upstream: int, stack: ExitStack) -> Hop:
    """Start an Envoy that is written by hand and does nothing but pass requests on."""
    port, file = free_port(), folder / "minimal.json"
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    everything = {"match": {"prefix": "/"}, "route": {"cluster": "home"}}
    manager = {
        "@type": f"type.googleapis.com/{MANAGER}",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [everything]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    home = {"endpoint": {"address": _socket(upstream)}}
    filters = [{"name": "http", "typed_config": manager}]
    document = {
        "static_resources": {
            "listeners": [{"name": "in", "address": _socket(port), "filter_chains": [{"filters": filters}]}],
            "clusters": [
                {
                    "name": "home",
                    "connect_timeout": "1s",
                    "load_assignment": {"cluster_name": "home", "endpoints": [{"lb_endpoints": [home]}]},
                }
            ],
        }
    }
    file.write_text(json.dumps(document))
    return Hop(stack.enter_context(running(command(file), port)), port)


def _socket(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


if __name__ == "__main__":
    main()
