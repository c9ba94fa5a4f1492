"""What can be chosen, and what is refused before Envoy has to."""

from __future__ import annotations

import pytest

from strangler.edge.envoy.options import Options
from strangler.errors import SetupError


def test_usual_options_go_together():
    assert Options.of({}) == Options()


def test_folder_is_where_the_files_are_written(tmp_path):
    assert Options.of({"out": tmp_path}).folder == tmp_path.resolve()


def test_every_fault_is_told_at_once():
    given = {"listen": "nowhere", "admin": "127.0.0.1:70000", "certificate": "a.pem", "traces": "collector"}
    with pytest.raises(SetupError) as caught:
        Options.of(given)
    told = str(caught.value)
    for what in ("--listen", "--admin", "--private-key", "--traces"):
        assert what in told
