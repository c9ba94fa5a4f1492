"""`manage.py rotate_keys`: another key for tokens, without a moment at which a good token is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from strangler.errors import Refused
from strangler.hosting.keyring import ANNOUNCE_S, OUTLIVE_S, Keyring, PublishedKey, keyring

_STEPS = ("show", "make", "announce", "sign", "retire")


class Command(BaseCommand):
    """Parse and tell; the work is in `strangler.hosting.keyring`."""

    help = "Show the keys that verify tokens, or take one step: announce the next key, sign with it, retire the last."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("step", nargs="?", choices=_STEPS, default="show", help="default: show")
        parser.add_argument(
            "--now",
            action="store_true",
            help=f"after a theft: sign without waiting {ANNOUNCE_S / 60:.0f} min, retire without waiting "
            f"{OUTLIVE_S / 3600:.0f} h; tokens that were good are refused",
        )
        parser.add_argument("--json", action="store_true", help="for programs: every key")

    def handle(self, *args: Any, step: str, now: bool, **options: Any) -> None:
        ring = keyring()
        try:
            _take(ring, step, now)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{ring.folder}: {error.strerror}. Run this where the keys can be written.") from error
        keys = ring.known()
        if options["json"]:
            self.stdout.write(json.dumps({"keys": [key._asdict() for key in keys]}))
        else:
            self.stdout.write("\n".join(map(_line, keys)) or "There is no key. Make one: rotate_keys make.")


def _take(ring: Keyring, step: str, now: bool) -> None:
    if step == "make":
        ring.ensure()
    elif step == "announce":
        ring.announce()
    elif step == "sign":
        ring.advance(wait_s=0 if now else ANNOUNCE_S)
    elif step == "retire":
        ring.retire(wait_s=0 if now else OUTLIVE_S)


def _line(key: PublishedKey) -> str:
    since = f"since {datetime.fromtimestamp(key.since, UTC):%Y-%m-%d %H:%M:%S} UTC" if key.since else ""
    return f"{key.kid}  {key.role:<8}  {since}".rstrip()
