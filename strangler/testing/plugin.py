"""
Fail each test that crosses a border in SQL, and compare what a whole run has crossed with the baseline.

Loaded by pytest by itself; it does nothing without `settings.STRANGLER`, two capabilities and sqlglot. What a test
does is judged, not what its fixtures prepare: those fill the tables of many apps at once and rightly so.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from strangler.boundaries.crossings import SqlCrossing

_OPTION = "--borders"
_MARKER = "crosses_borders"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for whole runs."""
    parser.getgroup("strangler").addoption(
        _OPTION,
        choices=["check", "update"],
        help="this run is the whole suite: fail when the baseline lists statements that nothing runs any more, or take "
        "them out of it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{_MARKER}(reason): this test may cross borders in SQL")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to watch, once Django is set up."""
    if _has_borders():
        session.config.pluginmanager.register(_Borders(session.config), "strangler-borders")


def _has_borders() -> bool:
    from django.apps import apps
    from django.conf import settings

    return bool(apps.ready and getattr(settings, "STRANGLER", None))


class _Borders:
    def __init__(self, config: pytest.Config) -> None:
        from strangler.boundaries.baseline import read_baseline
        from strangler.conf import get_conf

        self.mode: str | None = config.getoption(_OPTION)
        self.path = get_conf().borders_baseline
        self.baseline = read_baseline(self.path)
        self.seen: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        from strangler.boundaries.watch import listening

        if item.get_closest_marker(_MARKER):
            return (yield)
        found: list[SqlCrossing] = []
        with listening(found.append):
            result = yield
        self.judge(found)
        return result

    def judge(self, found: list[SqlCrossing]) -> None:
        """Fail the test when it has done what the baseline does not know."""
        self.seen.update(crossing.key for crossing in found)
        first_update = self.mode == "update" and self.baseline.statements is None
        known = self.baseline.known("statements")
        new = {crossing.key: crossing for crossing in found if crossing.key not in known and not first_update}
        if new:
            told = "\n\n".join(f"{crossing}\nIn the baseline this would be:\n  {key}" for key, crossing in new.items())
            pytest.fail(f"This test crosses a border.\n\n{told}", pytrace=False)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Compare the whole run with the baseline."""
        from strangler.boundaries.baseline import write_baseline

        if self.mode == "update" and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.baseline = self.baseline.shrunk("statements", self.seen)
            write_baseline(self.path, self.baseline)
        if self.mode and self.vanished and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def vanished(self) -> frozenset[str]:
        """What the baseline lists and this run has not done."""
        return self.baseline.known("statements") - self.seen

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what has vanished."""
        if self.mode and self.vanished:
            terminalreporter.section("borders")
            for key in sorted(self.vanished):
                terminalreporter.line(f"gone {key}")
            terminalreporter.line(f"Take what is gone out of {self.path}: pytest {_OPTION}=update")
