"""
What the hop costs: a client directly at the other home, through our proxy, through nginx and through HAProxy.

All in one run. The other home is a trivial Django view under granian in every case. The CPU is that of the hop's
processes alone. Our hop is a whole Django host under granian (one worker), and decides, signs and counts; the others
only pass bytes on. "django, no hop" is the same host answering such a view itself: what it costs before any proxying.
Run: python -m benchmarks.proxied_request [--rounds 5] [--seconds 3]
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

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

CONNECTIONS = (1, 16)

NGINX = """
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream home {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://home; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
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
  option forwardfor
frontend in
  bind 127.0.0.1:{port}
  default_backend home
backend home
  server home 127.0.0.1:{upstream}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    given = parser.parse_args()
    need("wrk", "nginx", "haproxy")
    with workplace("upstream", "monolith") as place, ExitStack() as stack:
        hops = start_hops(place, stack)
        hops["django, no hop"] = replace(hops["django-strangler"], path="/plain/")
        rows: list[list[str]] = []
        for connections in CONNECTIONS:
            runs = {name: partial(hop.load, given.seconds, connections) for name, hop in hops.items()}
            rows += hop_rows(alternate(runs, given.rounds), "direct", str(connections))
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians, answers of 1 KiB\n")
    print(hop_table("hop, connections", "direct", rows))


def start_hops(place: dict[str, str], stack: ExitStack) -> dict[str, Hop]:
    """Start the other home and every hop before it."""
    _, upstream = stack.enter_context(site(place, name="upstream", BENCH_ROUTER="without"))
    ours = site(place, name="monolith", moved=True, BENCH_UPSTREAM=f"http://127.0.0.1:{upstream}")
    hops = {"direct": Hop(None, upstream), "django-strangler": Hop(*stack.enter_context(ours))}
    for name, text, command in (
        ("nginx", NGINX, ["nginx", "-c", "{file}"]),
        ("HAProxy", HAPROXY, ["haproxy", "-db", "-f", "{file}"]),
    ):
        port, file = free_port(), Path(place["BENCH_DIR"]) / f"{name}.conf"
        file.write_text(text.format(dir=place["BENCH_DIR"], port=port, upstream=upstream))
        arguments = [argument.format(file=file) for argument in command]
        hops[name] = Hop(stack.enter_context(running(arguments, port)), port)
    return hops


if __name__ == "__main__":
    main()
