"""`make clean-data` asks first, and never pulls the data from under a running platform."""

import os

import pytest

from monolith.config.run.clean import main
from monolith.config.run.environment import PID_FILE, started_at


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run" / "postgres").mkdir(parents=True)
    return tmp_path / "run"


def test_without_a_yes_nothing_is_removed(folder, capsys):
    assert main(["--run-dir", str(folder)]) == 1
    assert folder.exists()
    assert "YES=1" in capsys.readouterr().out


def test_with_a_yes_all_is_forgotten(folder):
    assert main(["--run-dir", str(folder), "--yes"]) == 0
    assert not folder.exists()
    assert main(["--run-dir", str(folder), "--yes"]) == 0


def test_a_running_platform_keeps_its_data(folder, capsys):
    (folder / PID_FILE).write_text(f"{os.getpid()} {started_at(os.getpid())}")
    assert main(["--run-dir", str(folder), "--yes"]) == 1
    assert folder.exists()
    assert f"kill -INT {os.getpid()}" in capsys.readouterr().err
