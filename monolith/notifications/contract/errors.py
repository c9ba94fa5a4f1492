"""The notifications' refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class NotificationsError(ContractError):
    """Root of the notifications' refusals."""


class TemplateNotFound(NotificationsError):
    """There is no template of this name."""

    code = "template_not_found"


class VariablesInvalid(NotificationsError):
    """A template has other variables than were given; the context has `missing` and `unknown`."""

    code = "variables_invalid"


class UnknownNotification(NotificationsError):
    """There is no notification with this id."""

    code = "unknown_notification"


class UnknownSuppression(NotificationsError):
    """The address is not suppressed."""

    code = "unknown_suppression"


class InvalidTransition(NotificationsError):
    """The status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(NotificationsError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"
