"""What every view of risk does."""

from __future__ import annotations

from monolith.risk.codes import RiskCode
from strangler.hosting.rest.views import RestView

READ, WRITE = "risk:read", "risk:write"


class RiskView(RestView):
    """Refuses with risk's codes."""

    codes = RiskCode
    scopes = {"GET": READ, "HEAD": READ}
