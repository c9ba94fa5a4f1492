"""A survey as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from strangler.boundaries.seams.ranking import Standing
from strangler.boundaries.seams.survey import Survey


def document(survey: Survey, label: str | None = None) -> dict[str, Any]:
    """Return plain values; with a *label* only what concerns that app."""
    return {
        "name": survey.name,
        "root": str(survey.root),
        "apps": [_app(standing) for standing in survey.standings if label in (None, standing.app.label)],
        "cycles": [asdict(cycle) for cycle in survey.cycles if label is None or label in cycle.apps],
        "bonds": [asdict(bond) for bond in (survey.of(label) if label else survey.bonds)],
        "notes": list(survey.notes),
        "figures": {"lines": survey.lines, "commits": survey.commits, "seconds": survey.seconds},
    }


def _app(standing: Standing) -> dict[str, Any]:
    values = asdict(standing)
    app = values.pop("app")
    return {"label": app["label"], "name": app["name"], "path": str(app["path"]), **values}
