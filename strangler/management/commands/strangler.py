"""`manage.py strangler`: every verb, and nothing but parsing, asking and showing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from strangler import operations
from strangler.boundaries.seams import arguments as seams
from strangler.doctor import accept, examine, repair
from strangler.errors import StranglerError
from strangler.management import apply, edge, events, mover, relay, terminal, verify
from strangler.management.borders import show_borders
from strangler.management.contracts import contract_rows, show_contracts, show_written
from strangler.management.interrupts import interruptible
from strangler.management.person import person
from strangler.management.scaffold import scaffold_rows, show_scaffold
from strangler.replication.flows import MOVERS

WATCH_S = 0.5
_MOVES: dict[str, tuple[str, Callable[[operations.Order], operations.Result]]] = {
    "prepare": ("check both homes, and let the rows flow to the service", operations.prepare),
    "rehearse": ("move throw-away copies there and back, and tell the pause to expect", operations.rehearse),
    "shift-writes": ("make the service the writer", operations.shift_writes),
    "reverse": ("make the monolith the writer again, with everything written since", operations.reverse),
    "cancel": ("give the move up and leave nothing behind", operations.cancel),
    "complete": ("give up the way back: archive the monolith's rows and remove them", operations.complete),
    "migrate": ("apply the app's migrations to both homes while the rows flow", operations.migrate),
    "resume": ("finish the operation that stopped half-way", operations.resume),
    "undo": ("put back the operation that stopped half-way", operations.undo),
}
_INTERRUPTED = (
    "Ctrl-C puts everything back, or finishes it where the new home has opened already; a second one stops at once, as "
    "a crash does: then `strangler resume` or `strangler undo`."
)
_QUIET = {"resume", "undo", "prepare", "rehearse"}
_FINAL = {"complete"}


class Command(BaseCommand):
    """Only the toolkit's own checks run: all others import every view of the site, which no verb needs."""

    requires_system_checks = ["strangler"]
    help = "Look at capabilities and move them between the monolith and their services."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")
        status = self._verb(verbs, "status", "stage, writer, epoch, routers, and what runs now")
        status.add_argument("capability", nargs="?")
        status.add_argument("--watch", action="store_true", help="show it anew twice a second, until Ctrl-C")
        explain = self._verb(verbs, "explain", "who serves a request, by which rule of which version")
        explain.add_argument("method", help="GET, POST, ...")
        explain.add_argument("path", help="such as /api/catalog/products")
        explain.add_argument("--subject", help="who asks, as in a token's `sub`")
        explain.add_argument("--host", default="", help="the request's host name")
        history = self._verb(verbs, "history", "every change: who, when, why, and how to undo it")
        history.add_argument("capability", nargs="?")
        history.add_argument("--limit", type=int, default=20)
        doctor = self._verb(verbs, "doctor", "what does not fit together")
        doctor.add_argument("--repair", action="store_true", help="mend what needs no decision")
        doctor.add_argument("--dry-run", action="store_true", help="change nothing: say what would be mended")
        doctor.add_argument("--accept", metavar="CAPABILITY", help="take a restored database although its peer is lost")
        doctor.add_argument("--yes", action="store_true", help="do not ask")
        borders = self._verb(verbs, "seams", "where the project's borders are, and where to cut first")
        borders.set_defaults(skip_checks=True)  # it looks at projects that are not configured yet
        seams.add_arguments(borders)
        held = self._verb(verbs, "borders", "what crosses the capabilities' borders, beside what is known to")
        held.add_argument("--update-baseline", action="store_true", help="take out what has vanished; it never grows")
        held.set_defaults(skip_checks=True)  # it tells the same relations, and more
        told = verbs.add_parser("events", help="what stands still between capabilities, and how it goes on")
        events.arguments(told)
        relaying = self._verb(verbs, "relay", "hand on what outboxes hold and look after inboxes, until told to stop")
        relaying.add_argument("--once", action="store_true", help="until nothing is due, and say how much that was")
        published = self._verb(verbs, "contracts", "what the apps of this host offer, beside what was released")
        published.add_argument("--check", action="store_true", help="fail unless every schema.json is up to date")
        published.add_argument("--write", action="store_true", help="write every schema.json anew")
        published.add_argument("--breaking", action="store_true", help="with --write: although old callers break")
        host = self._verb(verbs, "scaffold", "write the host of an app, and say what it lacks and what binds it")
        host.add_argument("app", help="label of an installed app; the capability is called the same")
        host.add_argument("--port", type=int, help="where the service listens (default: as the settings say)")
        host.add_argument("--dry-run", action="store_true", help="write nothing")
        host.add_argument("--force", action="store_true", help="write over files that say something else")
        edge.arguments(verbs.add_parser("render", help="the route table as what stands in front reads it"))
        apply.arguments(self._verb(verbs, "apply", "bring a cluster's routes into line with the table, a diff first"))
        edge.agent_arguments(self._verb(verbs, "edge-agent", "keep an Envoy in step with the table"))
        verify.arguments(self._verb(verbs, "verify", "whether both homes hold the same rows, while writers go on"))
        moves = {name: self._move(verbs, name, text) for name, (text, _) in _MOVES.items()}
        toggle = self._move(verbs, "toggle", "the whole way in one command: toggle catalog service, and back")
        toggle.add_argument("home", choices=["service", "monolith"])
        for name in ("prepare", "shift-writes", "reverse", "cancel", "complete"):
            moves[name].add_argument("--detach", action="store_true", help="leave it to `strangler mover` elsewhere")
        toggle.add_argument("--detach", action="store_true", help="leave it to `strangler mover` elsewhere")
        moving = self._verb(verbs, "mover", "execute what is queued and bring rows over, until told to stop")
        moving.add_argument("--once", action="store_true", help="what is queued now, and say how much that was")
        attached = self._verb(verbs, "attach", "follow an operation until it ends; Ctrl-C leaves it alone")
        attached.add_argument("operation", type=int, help="its number")
        for parser in (moves["prepare"], moves["rehearse"], toggle):
            parser.add_argument("--mover", choices=MOVERS, default="", help="default: whatever fits both databases")
        shift = self._move(verbs, "shift-reads", "send a share of the subjects' reads to the service")
        shift.add_argument("percent", type=float, help="0 to 100")

    def _verb(self, verbs: Any, name: str, text: str) -> CommandParser:
        parser: CommandParser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        parser.add_argument("--json", action="store_true", help="print JSON")
        return parser

    def _move(self, verbs: Any, name: str, text: str) -> CommandParser:
        parser = self._verb(verbs, name, text)
        parser.epilog = _INTERRUPTED
        parser.add_argument("capability")
        parser.add_argument("--reason", default="", help="why, for the history")
        parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        verb = options["verb"]
        try:
            handler = getattr(self, f"do_{verb.replace('-', '_')}", self.do_move)
            handler(options)
        except StranglerError as error:
            self._fail(error, options)
        except DatabaseError as error:
            self._fail(
                StranglerError(f"A database does not answer: {str(error).strip()}. Start it, then repeat."), options
            )
        except KeyboardInterrupt:
            self._fail(StranglerError("Interrupted."), options)

    def _fail(self, error: StranglerError, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"error": {"code": type(error).__name__, "reasons": str(error).split("\n")}}))
        raise CommandError(terminal.reasons(error)) from error

    # -- look ---------------------------------------------------------------------------------------------------

    def do_status(self, options: dict[str, Any]) -> None:
        if options["watch"]:
            terminal.watch(lambda: operations.status(options["capability"]), WATCH_S)
            return
        status = operations.status(options["capability"])
        self._show(status.as_dict(), options, lambda: terminal.show_status(status))

    def do_explain(self, options: dict[str, Any]) -> None:
        sentence = operations.explain_request(
            options["method"], options["path"], host=options["host"], subject=options["subject"]
        )
        self._show({"explanation": sentence}, options, lambda: terminal.say(sentence))

    def do_history(self, options: dict[str, Any]) -> None:
        entries = operations.history(options["capability"], options["limit"])
        self._show(terminal.history_rows(entries), options, lambda: terminal.show_history(entries))

    def do_doctor(self, options: dict[str, Any]) -> None:
        if (name := options["accept"]) and not options["dry_run"]:
            self._confirm(options, f"let this home of {name} count, whatever the other one has written")
            accepted = accept(name)
            if not options["json"]:
                terminal.say(accepted)
        findings = examine()
        if options["repair"] and not options["dry_run"]:
            mended = repair(findings)
            findings = examine()
            if not options["json"]:
                terminal.show_mended(mended)
        self._show(terminal.finding_rows(findings), options, lambda: terminal.show_findings(findings))
        if any(f.level == "error" for f in findings):
            sys.exit(1)

    def do_borders(self, options: dict[str, Any]) -> None:
        found = operations.update_baseline() if options["update_baseline"] else operations.borders()
        self._show(found.as_dict(), options, lambda: show_borders(found))
        if not found.hold:
            sys.exit(1)

    def do_contracts(self, options: dict[str, Any]) -> None:
        if options["write"]:
            found = operations.release_contracts(breaking=options["breaking"])
            self._show(contract_rows(found), options, lambda: show_written(found))
            return
        found = operations.contracts()
        self._show(contract_rows(found), options, lambda: show_contracts(found))
        tolerated = {"kept"} if options["check"] else {"kept", "grown", "new"}
        if any(publication.state not in tolerated or publication.unproven for publication in found):
            sys.exit(1)

    def do_scaffold(self, options: dict[str, Any]) -> None:
        wishes = {name: options[name] for name in ("port", "force", "dry_run")}
        made = operations.scaffold(options["app"], **wishes)
        self._show(scaffold_rows(made), options, lambda: show_scaffold(made, dry_run=options["dry_run"]))

    def do_seams(self, options: dict[str, Any]) -> None:
        from strangler.boundaries.seams.command import run  # no other verb needs what it reads with

        run(options, self.stdout.write)

    def do_verify(self, options: dict[str, Any]) -> None:
        verify.run(
            options,
            lambda document, show: self._show(document, options, show),
            lambda what: self._confirm(options, what),
            self.stdout.write,
        )

    # -- edge ---------------------------------------------------------------------------------------------------

    def do_render(self, options: dict[str, Any]) -> None:
        documents = edge.render(options)
        rows = [document._asdict() for document in documents]
        self._show(rows, options, lambda: self.stdout.write(edge.text_of(documents, options["out"])))

    def do_apply(self, options: dict[str, Any]) -> None:
        apply.run(
            options,
            lambda document, show: self._show(document, options, show),
            lambda what: self._confirm(options, what),
        )

    def do_edge_agent(self, options: dict[str, Any]) -> None:
        edge.serve(options)

    # -- events -------------------------------------------------------------------------------------------------

    def do_events(self, options: dict[str, Any]) -> None:
        events.run(
            options,
            lambda document, show: self._show(document, options, show),
            lambda what: self._confirm(options, what),
        )

    def do_relay(self, options: dict[str, Any]) -> None:
        if options["once"]:
            done = relay.drain()
            self._show({"done": done}, options, lambda: terminal.say(f"{done} events handed on or handled."))
            return
        relay.serve()

    def do_mover(self, options: dict[str, Any]) -> None:
        if options["once"]:
            done = mover.once()
            self._show({"done": done}, options, lambda: terminal.say(f"{done} operations executed."))
            return
        mover.serve()

    def do_attach(self, options: dict[str, Any]) -> None:
        ended = mover.attach(options["operation"])
        sentence = f"Operation #{ended['operation']}: {ended['state']}. {ended['error']}".strip()
        self._show(ended, options, lambda: terminal.say(sentence))
        if ended["state"] in ("failed", "undone"):
            sys.exit(1)

    # -- move ---------------------------------------------------------------------------------------------------

    def do_move(self, options: dict[str, Any]) -> None:
        _, function = _MOVES[options["verb"]]
        self._execute(options, f"{options['verb']} {options['capability']}", function)

    def do_toggle(self, options: dict[str, Any]) -> None:
        home = options["home"]
        what = f"move {options['capability']} to the {home}"
        self._execute(options, what, lambda order: operations.toggle(order, home))

    def do_shift_reads(self, options: dict[str, Any]) -> None:
        percent = options["percent"]
        self._execute(options, "shift reads", lambda order: operations.shift_reads(order, percent))

    def _execute(
        self, options: dict[str, Any], what: str, function: Callable[[operations.Order], operations.Result]
    ) -> None:
        self._confirm(options, what)
        started = time.monotonic()
        with terminal.progress(quiet=options["json"]) as shown, interruptible(shown) as report:
            result = function(
                operations.Order(
                    capability=options["capability"],
                    actor=person(),
                    reason=options["reason"],
                    dry_run=options["dry_run"],
                    mover=options.get("mover", ""),
                    detach=options.get("detach", False),
                    report=report,
                )
            )
        seconds = round(time.monotonic() - started, 3)
        document = {"done": result.done, "figures": result.figures, "steps": result.steps, "seconds": seconds}
        self._show(document, options, lambda: terminal.show_result(result, seconds))

    def _confirm(self, options: dict[str, Any], what: str) -> None:
        if options["yes"] or options["dry_run"] or options["verb"] in _QUIET:
            return
        if not sys.stdin.isatty():
            if options["verb"] in _FINAL:
                raise CommandError(f"To {what} has no way back, and nobody can be asked here: say --yes.")
            return
        if input(f"Really {what}? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.")

    def _show(self, document: Any, options: dict[str, Any], show: Callable[[], None]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2, default=str))
        else:
            show()
