"""What a person gets: each format, the empty states, and what to do when it does not work."""

import json

import pytest

from tests.unit.boundaries.seams.projects import MANAGE, SETTINGS, SHOP, look, marked, run, write


def test_the_table_ranks_names_the_cycle_and_says_where_to_start(shop):
    said = run(shop).stdout
    assert "Where to cut first" in said
    assert "Cycle of 3: billing, catalog, orders" in said
    assert "cheapest cut: orders → billing in orders → billing → orders" in said
    assert "shop/orders/services.py:4  imports shop.kit.prices, which needs shop.billing.money" in said
    assert "Start with lonely; all that binds it: strangler seams --app lonely" in said


def test_a_narrow_terminal_keeps_names_and_readiness(shop):
    said = run(shop, COLUMNS="80").stdout
    assert "catalog" in said
    assert all(len(line.rstrip()) <= 80 for line in said.splitlines())


def test_limit_cuts_the_table_and_says_so(shop):
    assert "… and 3 more" in run(shop, "--limit", "2").stdout
    assert "a number from 1" in run(shop, "--limit", "0").stderr


def test_one_app_shows_both_directions_with_places_and_cures(shop):
    said = run(shop, "--app", "orders").stdout
    assert "orders holds on to catalog" in said
    assert "2 foreign keys: keep the id without a constraint" in said
    assert "shop/orders/models.py:7  Order.product is a ForeignKey to catalog.Product" in said
    assert "orders is held by billing" in said
    assert "… and 1 more: --limit 2" in run(shop, "--app", "orders", "--limit", "1").stdout


def test_one_app_as_json_is_that_app_alone(shop):
    document = look(shop, "--app", "search")
    assert [app["label"] for app in document["apps"]] == ["search"]
    assert all("search" in (b["source"], b["target"]) for b in document["bonds"])
    assert document["cycles"] == []


def test_chosen_apps_make_the_rest_background(shop):
    document = look(shop, "--apps", "orders,shop.catalog")
    assert {app["label"] for app in document["apps"]} == {"orders", "catalog"}
    assert {b["kind"] for b in document["bonds"] if b["target"] == "search"} == {"background"}


def test_the_diagram_has_every_app_and_thick_arrows_for_relations(shop):
    said = run(shop, "--mermaid").stdout
    assert said.startswith("flowchart LR\n")
    assert 'app_lonely["1. lonely<br/>100 %"]:::ready' in said
    assert "app_orders ==>|" in said
    assert "app_billing -->|1| app_search" in said
    assert "app_lonely" not in run(shop, "--mermaid", "--app", "orders").stdout


def test_the_page_needs_nothing_from_outside(shop, tmp_path):
    page = tmp_path / "seams.html"
    assert run(shop, "--html", str(page)).returncode == 0
    html = page.read_text()
    assert not any(word in html for word in ("http:", "https:", "src=", "@import", "url("))
    assert "Order.product is a ForeignKey to catalog.Product" in html


def test_the_page_escapes_what_the_project_says(tmp_path):
    text = "from django.db import models\n\n\ndef make(name, **more):\n"
    text += "    more |= {'__module__': __name__, 'tag': models.ForeignKey('search.Tag', models.CASCADE)}\n"
    text += "    return type(name, (models.Model,), more)\n\n\nmake('<b>')\n"
    folder = write(tmp_path / "x", {**SHOP, "shop/lonely/models.py": text})
    assert run(folder, "--html", "page.html").returncode == 0
    page = (folder / "page.html").read_text()
    assert "&lt;b&gt;.tag is a ForeignKey" in page
    assert "<b>.tag" not in page


def test_a_relation_to_a_model_that_is_not_there_still_binds(tmp_path):
    """`manage.py check` refuses it; a look must not stumble over it."""
    folder = write(tmp_path / "x", {**SHOP, "shop/search/models.py": ""})
    assert [b["line"] for b in look(folder)["bonds"] if (b["target"], b["kind"]) == ("search", "foreign-key")] == [13]


def test_a_relation_from_a_third_party_app_binds_as_well(tmp_path):
    """A user model of one's own: Django's admin keeps a key to it."""
    user = "from django.contrib.auth.models import AbstractUser\n\n\nclass User(AbstractUser):\n    pass\n"
    more = SETTINGS + 'INSTALLED_APPS += ["django.contrib.admin"]\nAUTH_USER_MODEL = "lonely.User"\n'
    files = {**SHOP, "shop/lonely/models.py": user, "shop/settings.py": more}
    document = look(write(tmp_path / "x", files), "--app", "lonely")
    assert "1 third-party relation ← admin" in document["apps"][0]["reasons"]


# -- empty states -----------------------------------------------------------------------------------------------


def test_a_project_without_apps_of_its_own_names_the_packages_one_could_look_at(tmp_path):
    settings = (
        'SECRET_KEY = "x"\nINSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]\n'
    )
    folder = write(tmp_path / "empty", {"manage.py": MANAGE, "shop/settings.py": settings})
    done = run(folder)
    assert done.returncode == 0
    assert " ".join(done.stdout.split()).startswith("No app of this project's own lies in")
    assert "rest_framework; `--package NAME` looks at one" in " ".join(done.stdout.split())
    assert look(folder)["apps"] == []
    assert run(folder, "--html", "page.html").returncode == 0


def test_one_app_has_no_border(shop):
    assert "search is the only app: there is no border yet" in run(shop, "--apps", "search").stdout


def test_apps_in_a_folder_that_is_no_package_are_seen(tmp_path):
    """Many projects keep `apps/` without an `__init__.py`."""
    settings = 'SECRET_KEY = "x"\nINSTALLED_APPS = ["apps.a", "apps.b"]\n'
    folder = write(
        tmp_path / "spaces",
        {
            "manage.py": MANAGE,
            "shop/settings.py": settings,
            "apps/a/views.py": "from apps.b import forms\n",
            "apps/b/forms.py": "",
        },
    )
    (folder / "apps/__init__.py").unlink(missing_ok=True)
    (bond,) = look(folder)["bonds"]
    assert (bond["source"], bond["target"], bond["file"], bond["line"]) == ("a", "b", "apps/a/views.py", 1)


def test_what_is_installed_inside_the_project_is_not_its_own(tmp_path):
    """Many keep their environment in the project's folder."""
    installed = ".venv/lib/site-packages"
    settings = f'import sys\nsys.path.insert(0, "{installed}")\nINSTALLED_APPS = ["shop.mine", "other"]\n'
    files = {"manage.py": MANAGE, "shop/settings.py": settings, "shop/mine/models.py": ""}
    folder = write(tmp_path / "x", {**files, f"{installed}/other/models.py": ""})
    assert [app["label"] for app in look(folder)["apps"]] == ["mine"]
    assert [app["label"] for app in look(folder, "--package", "other")["apps"]] == ["other"]
    assert look(folder, "--path", str(folder / installed), "--settings", "shop.settings")["apps"] == []


def test_scripts_beside_the_packages_are_left_alone(tmp_path):
    """No import leads there, and they may be of another age."""
    folder = write(tmp_path / "x", SHOP)
    (folder / "shop/orders/scripts").mkdir()
    (folder / "shop/orders/scripts/old.py").write_text('print "catalog.Product"\n')
    assert len(look(folder)["bonds"]) == len(marked(SHOP))


def test_settings_that_print_do_not_spoil_the_json(tmp_path):
    folder = write(tmp_path / "x", {**SHOP, "shop/settings.py": SETTINGS + 'print("loaded")\n'})
    assert look(folder)["apps"]


# -- what does not work -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--settings", "nowhere.settings"], "The settings 'nowhere.settings' do not load: ModuleNotFoundError"),
        (["--settings", "nowhere.settings"], "say where the project is: --path DIR"),
        (["--path", "nowhere"], "is no folder. Say where the project is: --path DIR."),
        (["--app", "nope"], "There is no app 'nope' to show. Known: billing, catalog, lonely, orders, search."),
        (["--apps", "nope,search"], "There is no app 'nope'. Known: billing, catalog, lonely, orders, search."),
        (["--package", "nope"], "No installed app lies in 'nope'."),
        (["--html", "no/such/folder.html"], "The page cannot be written"),
    ],
)
def test_a_refusal_says_what_to_do(shop, words, message):
    done = run(shop, *words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_a_project_says_that_settings_are_missing(tmp_path):
    done = run(tmp_path)
    assert (done.returncode, "--settings project.settings" in done.stderr) == (1, True)


def test_settings_that_fail_are_told_with_their_reason(tmp_path):
    broken = SETTINGS + 'import os\nos.environ["NOT_THERE"]\n'
    done = run(write(tmp_path / "broken", {**SHOP, "shop/settings.py": broken}))
    assert done.returncode == 1
    assert "do not load: KeyError: 'NOT_THERE'. Give them what they need" in done.stderr


def test_a_file_that_cannot_be_parsed_is_named(tmp_path):
    done = run(write(tmp_path / "broken", {**SHOP, "shop/search/old.py": "print 'x'\n"}))
    assert done.returncode == 1
    assert "shop/search/old.py" in done.stderr


# -- manage.py --------------------------------------------------------------------------------------------------


def manage(folder, *words):
    run_it = "import sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
    (folder / "manage.py").write_text(MANAGE + run_it)
    return run(folder, *words, start=("manage.py",))


@pytest.fixture
def adopting(tmp_path):
    """The sample project with the toolkit among its apps, and not configured."""
    settings = SETTINGS.replace('"shop.lonely"', '"shop.lonely", "strangler"')
    return write(tmp_path / "adopting", {**SHOP, "shop/settings.py": settings})


def test_manage_py_needs_no_configuration(adopting, survey):
    done = manage(adopting, "strangler", "seams", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bonds"] == survey["bonds"]


def test_manage_py_refuses_with_an_exit_code(adopting):
    done = manage(adopting, "strangler", "seams", "--apps", "nope")
    assert (done.returncode, done.stderr.startswith("CommandError: There is no app 'nope'")) == (1, True)
