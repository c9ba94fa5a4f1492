import os
import subprocess
import sys

import pytest

from strangler.management.person import person

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_whoever_is_logged_in_is_named(monkeypatch):
    monkeypatch.setenv("LOGNAME", "dora")
    assert person() == "dora"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without a name")
def test_a_user_without_a_name_is_a_number():
    """As in a container, whose numeric user no file knows."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    look = "import os; from strangler.management.person import person; os.setuid(54321); print(person())"
    told = subprocess.run([sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "uid 54321\n"
