"""The notifications' own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class NotificationsCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    UNKNOWN_NOTIFICATION = "unknown_notification", 404, "There is no such notification"
    UNKNOWN_SUPPRESSION = "unknown_suppression", 404, "The address is not suppressed"
    TEMPLATE_NOT_FOUND = "template_not_found", 404, "There is no such template"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    VARIABLES_INVALID = "variables_invalid", 422, "The template's variables are not these"
