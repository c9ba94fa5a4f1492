"""What a person sees: the start as it goes, then one screen with what runs where and what to try."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.hosts import COMPLETE, ROOT
from monolith.config.run.platform import Platform
from monolith.config.run.processes import Program
from monolith.config.run.samples import order_id, sku_in_stock
from strangler.hosting.host import MONOLITH

_MIB = 1 << 20
_WIDTH_MAX = 100


class Suggestion:
    """Something to try: what it shows, and lines to paste."""

    def __init__(self, title: str, *lines: str) -> None:
        self.title = title
        self.lines = lines


def welcome(platform: Platform, console: Console) -> None:
    """Print the screen of a platform that has started."""
    width = min(console.width, _WIDTH_MAX)
    for part in (_headline(platform), _what_runs(platform), _what_can_leave(platform)):
        console.print(part, width=width)
    console.print(_heading("Try it, in another shell"), width=width)
    for number, suggestion in enumerate(suggestions(platform), start=1):
        console.print(Text.assemble((f"\n {number}  ", "bold cyan"), (suggestion.title, "bold")))
        for line in suggestion.lines:
            # Never wrapped, cut or framed: these lines are made to be copied.
            console.print(Text(line, style="green"), soft_wrap=True)
    console.print()
    for part in (_heading("Look around"), _places(platform), _heading("End"), _ending(platform)):
        console.print(part, width=width)


def suggestions(platform: Platform) -> list[Suggestion]:
    """Return what a newcomer should try, in an order that tells the story."""
    url = platform.url
    manage = f"{_prefix(platform)}{_python()} manage.py strangler"
    category = _post(f"{url}/api/catalog/categories", "first-try", '{"slug": "figs", "name": "Figs"}')
    return [
        Suggestion("Read; Strangler-Home says who answered", f"curl -i '{url}/api/catalog/products?limit=1'"),
        Suggestion("Write as staff; sent twice, the second answer is a replay", f"TOKEN={platform.token()}", category),
        *_reservation(platform),
        Suggestion("See what has been told to others, and whether it stands still", f"{manage} events list"),
        Suggestion("Watch stage, writer and epoch", f"{manage} status --watch"),
        *(
            Suggestion(f"Let the {name} leave the monolith", f"{manage} toggle {name} service --yes")
            for name in platform.services
            if name not in COMPLETE
        ),
        Suggestion("Ask who serves a request, and why", f"{manage} explain GET /api/catalog/products"),
        Suggestion("Bring the catalog back, with everything written since", f"{manage} toggle catalog monolith --yes"),
    ]


def _reservation(platform: Platform) -> list[Suggestion]:
    sku = sku_in_stock(platform.url, platform.token())
    if sku is None:
        return []
    order = order_id()
    body = f'{{"order_id": "{order}", "lines": [{{"sku": "{sku}", "qty": 1}}]}}'
    return [
        Suggestion(
            "Set one aside for an order: the inventory never promises more than there is",
            _post(f"{platform.url}/api/inventory/reservations", order, body),
        )
    ]


def _post(url: str, key: str, body: str) -> str:
    return (
        f'curl -i -X POST {url} -H "Authorization: Bearer $TOKEN"'
        f" -H 'Content-Type: application/json' -H 'Idempotency-Key: {key}' -d '{body}'"
    )


def _headline(platform: Platform) -> RenderableType:
    total_s = sum(platform.phases.values())
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in platform.phases.items())
    text = Text.assemble(
        ("Open  ", "bold"), (platform.url, "bold cyan underline"), "\n",
        ("A shop. Its parts can leave the monolith and come back while you look at it.\n", ""),
        (f"Started in {total_s:.1f} s: {phases}", "dim"),
    )  # fmt: skip
    return Padding(Panel(text, title="[bold] django-strangler [/]", title_align="left", border_style="cyan",
                         box=box.ROUNDED, padding=(1, 2)), (1, 0, 0, 0))  # fmt: skip


def _what_runs(platform: Platform) -> RenderableType:
    running = platform.running
    table = Table("what runs", "where", box=box.SIMPLE_HEAD, expand=True, header_style="dim", padding=(0, 1))
    table.add_column("process", justify="right")
    table.add_column("memory", justify="right")
    memory = [one.memory_bytes() for one in running]
    for one, size in zip(running, memory, strict=True):
        table.add_row(
            Text.assemble(("● ", "green"), one.program.title),
            _where(platform, one.program),
            str(one.pid),
            _mib(size),
        )
    table.add_row("", "", Text("together", style="dim"), Text(_mib(sum(memory)), style="bold"))
    return table


def _where(platform: Platform, program: Program) -> Text:
    if not program.address:
        return Text("ends by itself" if program.done else program.does, style="dim")
    site = platform.sites.get(program.name)
    calls = f"  calls at :{site.internal_port}" if site else ""
    return Text.assemble((program.address, "cyan"), (calls, "dim"))


def _what_can_leave(platform: Platform) -> RenderableType:
    table = Table("what can leave", "lives in", "its own host", box=box.SIMPLE_HEAD, expand=True,
                  header_style="dim", padding=(0, 1))  # fmt: skip
    owners = platform.owners()
    for capability in CAPABILITIES:
        name = capability.name
        runs = name in platform.services
        place = platform.sites[name].url if runs else f"does not run; make run HOSTS={name} adds it"
        home = Text.assemble("the ", owners.get(name, MONOLITH), (" for good" if name in COMPLETE else "", "dim"))
        table.add_row(Text(name, style="bold"), home, Text(place, style="cyan" if runs else "dim"))
    return table


def _places(platform: Platform) -> RenderableType:
    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim")
    grid.add_column(style="cyan", overflow="fold")
    user, password = platform.admin
    hosts = (MONOLITH, *platform.services)
    for capability in CAPABILITIES:
        grid.add_row(f"API of the {capability.name}", f"{platform.url}/{capability.mount}docs")
    grid.add_row("Admin", Text.assemble(f"{platform.url}/admin/  ", (f"as {user}, password {password}", "dim")))
    grid.add_row("Health of every host", "\n".join(f"{platform.sites[name].url}/readyz" for name in hosts))
    grid.add_row("Its figures", "\n".join(f"{platform.sites[name].url}/metrics" for name in hosts))
    if platform.edge is not None:
        grid.add_row("Figures of the edge", f"{platform.edge.admin_url}/stats/prometheus")
    grid.add_row("Logs, one JSON object a line", f"{_short(platform.run_dir)}/logs/")
    return Padding(grid, (0, 0, 1, 1))


def _ending(platform: Platform) -> RenderableType:
    return Text.assemble(
        (" Ctrl-C", "bold"), " stops everything it started, and nothing else.\n ", ("make run", "bold"),
        " finds the data again; ", ("make clean-data", "bold"), " forgets it.\n",
    )  # fmt: skip


def _heading(text: str) -> RenderableType:
    return Rule(Text(text, style="bold"), align="left", style="grey37")


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / _MIB:,.0f} MB"


def _prefix(platform: Platform) -> str:
    """Commands find the platform by themselves, unless its folder is another than usual."""
    return "" if platform.run_dir == ROOT / ".run" else f"RUN_DIR={shlex.quote(str(platform.run_dir))} "


def _python() -> str:
    """The interpreter as one types it in the project's folder."""
    python = Path(sys.executable)
    return shlex.quote(str(python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python))


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
