"""Packages that we did not write: what is said of Django's own apps, and that each place really says it."""

from pathlib import Path

import django
import pytest

from tests.unit.boundaries.seams.projects import look, run, write

SETTINGS = """\
SECRET_KEY = "x"
SITE_ID = 1
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": 9}}
INSTALLED_APPS = ["django.contrib." + name for name in (
    "admin", "auth", "contenttypes", "flatpages", "humanize", "messages", "redirects", "sessions", "sites",
)]
"""
# Read in Django's source by a person, not by the code under test.
RELATIONS = {
    ("admin", "auth", "foreign-key", "user = models.ForeignKey("),
    ("admin", "contenttypes", "foreign-key", "content_type = models.ForeignKey("),
    ("auth", "contenttypes", "foreign-key", "content_type = models.ForeignKey("),
    ("flatpages", "sites", "many-to-many", 'sites = models.ManyToManyField(Site, verbose_name=_("sites"))'),
    ("redirects", "sites", "foreign-key", 'site = models.ForeignKey(Site, models.CASCADE, verbose_name=_("site"))'),
}
INSTALLED = Path(django.__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project of nothing but settings, with a database that does not answer."""
    path = write(tmp_path_factory.mktemp("installed"), {"project/settings.py": SETTINGS})
    (path / "manage.py").write_text('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n')
    return path


@pytest.fixture(scope="module")
def document(folder):
    return look(folder, "--package", "django.contrib")


def line_of(bond):
    return (INSTALLED / bond["file"]).read_text().splitlines()[bond["line"] - 1].strip()


def test_the_relations_of_djangos_apps_are_those_that_its_source_declares(document):
    found = {
        (b["source"], b["target"], b["kind"], line_of(b))
        for b in document["bonds"]
        if b["kind"] in {"foreign-key", "many-to-many", "inheritance", "generic", "shared-table", "background"}
    }
    assert found == RELATIONS


def test_every_import_stands_at_its_line(document):
    imports = [b for b in document["bonds"] if b["kind"] in {"import", "model"} and b["what"].startswith("imports ")]
    assert len(imports) > 20
    for bond in imports:
        assert line_of(bond).startswith(("from django.contrib", "import django.contrib")), bond


def test_what_nothing_needs_goes_first_and_what_all_need_last(document):
    order = [app["label"] for app in document["apps"]]
    assert order[0] == "humanize"
    assert set(order[-3:]) == {"admin", "auth", "contenttypes"}
    readiness = {app["label"]: app["readiness"] for app in document["apps"]}
    assert readiness["humanize"] == 100
    assert readiness["auth"] < readiness["sessions"]


def test_a_person_sees_the_same(folder):
    said = run(folder, "--package", "django.contrib", "--app", "redirects").stdout
    assert "Redirect.site is a ForeignKey to sites.Site" in said
    assert "django/contrib/redirects/models.py:" in said
