"""Mail to a mail server: what was certainly not sent is told apart from what may have arrived."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from django.conf import settings

from monolith.notifications.capability import ENVIRONMENT
from strangler.errors import StranglerError

_TAKEN, _TEMPORARY_BELOW = 250, 500


class NotSent(StranglerError):
    """Nothing was sent, and another try may do."""


class Refused(StranglerError):
    """Nothing was sent, and nothing ever will be."""


class NoMailbox(Refused):
    """There is no such mailbox."""


class OutcomeUnknown(StranglerError):
    """It was handed over, and no answer came: it may have arrived."""


def hand_over(message: EmailMessage, *, before_data: Callable[[], None]) -> None:
    """
    Hand a message to the mail server, once.

    Args:
        before_data: called when the server takes mail for this address, right before the message itself is sent;
            what it raises ends everything, and nothing was sent.

    Raises:
        NotSent, Refused, NoMailbox, OutcomeUnknown: what became of it, in the server's words without the address.
    """
    server = _connected()
    try:
        _envelope(server, message)
        before_data()
        _data(server, message)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def sender() -> str:
    """Return the address that mail comes from."""
    return _setting("NOTIFICATIONS_FROM")


def _connected() -> smtplib.SMTP:
    parts = urlsplit(_setting("NOTIFICATIONS_SMTP"))
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        server = kind(parts.hostname or "", parts.port or 0, timeout=float(_setting("NOTIFICATIONS_ANSWER_S")))
        server.ehlo_or_helo_if_needed()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"the mail server cannot be reached: {type(error).__name__}") from error
    return server


def _envelope(server: smtplib.SMTP, message: EmailMessage) -> None:
    for say, address, refusal in (
        (server.mail, message["From"].addresses[0].addr_spec, Refused),
        (server.rcpt, message["To"].addresses[0].addr_spec, NoMailbox),
    ):
        try:
            code, _ = say(address)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the mail server went away: {type(error).__name__}") from error
        _judge(code, refusal)


def _data(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        code, _ = server.data(message.as_bytes())
    except smtplib.SMTPDataError as error:  # it did not even want to see the message
        code = error.smtp_code
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(f"no answer came: {type(error).__name__}") from error
    _judge(code, Refused)


def _judge(code: int, refusal: type[Refused]) -> None:
    if code >= _TEMPORARY_BELOW:
        raise refusal(f"the mail server answered {code}")
    if not _TAKEN <= code < _TAKEN + 2:
        raise NotSent(f"the mail server answered {code}")


def _setting(name: str) -> str:
    return str(getattr(settings, name, ENVIRONMENT[name]))
