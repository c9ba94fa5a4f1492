"""Which apps change together, on a real repository and on a printed log."""

import subprocess
from pathlib import Path

import pytest

from strangler.boundaries.seams.history import FILES_MAX, history_bonds, parse
from strangler.boundaries.seams.territory import App, Territory
from tests.unit.boundaries.seams.projects import SHOP, look, write

ROOT = Path("/project")
TERRITORY = Territory(ROOT, [App(name, name, ROOT / name) for name in ("cart", "cart/wishes", "stock")])


def log(*commits):
    return "".join(f"\0c{n}\n\n" + "\n".join(files) + "\n" for n, files in enumerate(commits))


def test_a_file_belongs_to_the_innermost_app():
    history = parse(log(["cart/wishes/models.py", "README.md"]), TERRITORY)
    assert [commit.apps for commit in history.commits] == [{"cart/wishes"}]


def test_a_pair_weighs_what_its_share_of_the_commits_is():
    """4 of 8: half of the weight of a habit. Below three times together it is chance."""
    both = ["cart/views.py", "stock/models.py"]
    history = parse(log(*[both] * 4, *[["cart/a.py"]] * 3, ["stock/b.py"], ["x"]), TERRITORY)
    (habit,) = history_bonds(history)
    assert (habit.source, habit.target, habit.weight) == ("cart", "stock", 5.0)
    assert habit.what == "4 of 8 commits changed both, such as c0, c1, c2"
    assert list(history_bonds(parse(log(*[both] * 2), TERRITORY))) == []


def test_a_pair_among_many_other_commits_is_chance():
    history = parse(log(*[["cart/a.py", "stock/b.py"]] * 3, *[["cart/a.py"]] * 60), TERRITORY)
    assert list(history_bonds(history)) == []


def test_huge_commits_say_nothing():
    """A reformatting of everything would bind everything to everything."""
    huge = [f"cart/{n}.py" for n in range(FILES_MAX)] + ["stock/a.py"]
    history = parse(log(*[huge] * 5, ["cart/a.py"]), TERRITORY)
    assert (history.ignored, [commit.name for commit in history.commits]) == (5, ["c5"])


def test_without_git_everything_else_is_said(survey):
    assert survey["notes"] == ["This is no git repository: changes made together are not weighed."]


def test_a_machine_without_git_is_no_reason_to_fail(shop):
    (note,) = look(shop, PATH="")["notes"]
    assert note.startswith("No git history was read (")


@pytest.fixture
def repository(tmp_path):
    """The sample project in a folder of a repository; three commits change search and catalog."""
    folder = write(tmp_path / "src", SHOP)
    git(tmp_path, "init")
    for turn in range(4):
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", f"change {turn}")
        for name in ("catalog", "search"):
            (folder / f"shop/{name}/changed.py").write_text(f"turn = {turn}\n")
    return folder


def git(folder, *words):
    who = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_a_repository_is_read_from_a_folder_inside_it(repository):
    document = look(repository)
    habits = {(b["source"], b["target"]): b for b in document["bonds"] if b["kind"] == "co-change"}
    assert habits["catalog", "search"]["what"].startswith("4 of 4 commits changed both")
    assert list(habits) == [("catalog", "search")]
    assert document["figures"]["commits"] == 4
    assert document["notes"] == []
