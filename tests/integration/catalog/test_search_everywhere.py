"""Both databases find the same products, and what they find is what PostgreSQL's own websearch understands."""

from __future__ import annotations

import random
from itertools import product as pairs

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from monolith.catalog import selectors, services
from monolith.catalog.models import Product, SearchWord
from monolith.catalog.search import words
from monolith.catalog.search.query import parse
from monolith.catalog.services import NewProduct, NewVariant
from monolith.kernel.money import Money
from tests.integration.catalog.corpus import FOUND, PRODUCTS

RANDOM_QUERIES = 300
on_postgresql = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


@pytest.fixture
def shop(homes):
    """The corpus, in each kind of database."""
    services.category_create(slug="all", name="All")
    for number, (name, brand, description, sku) in PRODUCTS.items():
        variants = [NewVariant(sku, Money(100, "USD"))]
        new = NewProduct(f"p-{number}", name, description, category="all", brand=brand, variants=variants)
        made = services.product_create(new=new, actor="a")
        services.product_publish(product_id=made.id, actor="a")
    return homes


def found(text: str) -> set[int]:
    wanted = selectors.ProductFilter(search=text)
    rows = selectors.products(wanted, selectors.understood(wanted))
    return {int(slug.removeprefix("p-")) for slug in rows.values_list("slug", flat=True)}


def test_every_database_finds_what_is_written_in_the_corpus(shop):
    """Query by query; the expectations know no database."""
    assert {text: ids for text in FOUND if (ids := found(text)) != FOUND[text]} == {}


def test_every_database_ranks_alike(shop):
    """By where the words are, then by age: a number that both can compare."""
    wanted = selectors.ProductFilter(search="mug or table")
    rows = selectors.products(wanted, selectors.understood(wanted)).order_by("rank", "created_at", "id")
    assert [(row.slug, row.rank) for row in rows] == [
        ("p-5", 0), ("p-1", 1), ("p-2", 1), ("p-3", 1), ("p-6", 1), ("p-4", 3), ("p-7", 3),
    ]  # fmt: skip


def test_every_database_agrees_with_a_look_at_each_product(shop):
    """Random queries of known words, beginnings, phrases, `or` and minus; typos are another test's."""
    texts = {row.slug: row.search_text for row in Product.objects.all()}
    for text in _queries(quoted=False):
        query = parse(text)
        expected = {slug for slug, words_there in texts.items() if query.finds(words_there)}
        rows = selectors.matching(Product.objects.all(), query)
        assert set(rows.values_list("slug", flat=True)) == expected, text


@on_postgresql
def test_postgresql_understands_the_same(shop):
    """`websearch_to_tsquery` over PostgreSQL's own parser; words in quotes, for it knows no beginnings."""
    # A word between the lines keeps its phrases from reaching into the next one, as ours do.
    vector = "to_tsvector('simple', replace(search_text, E'\\n', ' zzz '))"
    sql = f"SELECT slug FROM catalog_product WHERE {vector} @@ websearch_to_tsquery('simple', %s)"
    for text in _queries(quoted=True):
        ours = selectors.matching(Product.objects.all(), parse(text)).values_list("slug", flat=True)
        with connection.cursor() as cursor:
            cursor.execute(sql, [text])
            assert set(ours) == {slug for (slug,) in cursor.fetchall()}, text


@on_postgresql
def test_python_knows_what_pg_trgm_finds_similar(shop):
    """The rule is ours where there is no `pg_trgm`, so it must be the same one."""
    known = sorted(SearchWord.objects.values_list("word", flat=True))
    typos = [word[:2] + word[3:] for word in known] + [word[:-2] + word[-1] + word[-2] for word in known]
    with connection.cursor() as cursor:
        for word, typo in pairs(known, typos):
            cursor.execute("SELECT %s %% %s", [word, typo])
            assert words.similar(word, typo) is cursor.fetchone()[0], (word, typo)


def test_rows_from_before_the_search_are_filled_in(shop):
    """The last migration makes the words of what was there already."""
    before = {row.slug: (row.search_name, row.search_brand, row.search_text) for row in Product.objects.all()}
    known = set(SearchWord.objects.values_list("word", flat=True))
    call_command("migrate", "catalog", "0003", verbosity=0)
    Product.objects.update(search_name="", search_brand="", search_text="old")
    SearchWord.objects.all().delete()
    call_command("migrate", "catalog", verbosity=0)
    after = {row.slug: (row.search_name, row.search_brand, row.search_text) for row in Product.objects.all()}
    assert after == before
    assert set(SearchWord.objects.values_list("word", flat=True)) == known


def test_migrations_lead_back(shop):
    """And forward again; the rows stay."""
    call_command("migrate", "catalog", "0001", verbosity=0)
    call_command("migrate", "catalog", verbosity=0)
    assert found("mug") == FOUND["mug"]


@on_postgresql
def test_missing_right_to_make_the_extension_is_explained(homes, postgres):
    """What is missing, where, and what somebody else has to do about it."""
    call_command("migrate", "catalog", "0002", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm")
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
    with postgres_superuser(postgres, "postgres") as boss:
        boss.execute(f"ALTER DATABASE {name} OWNER TO postgres".encode())
    connection.close()
    with pytest.raises(CommandError) as refusal:
        call_command("migrate", "catalog", verbosity=0)
    for part in ("pg_trgm", name, "strangler", "CREATE EXTENSION IF NOT EXISTS pg_trgm"):
        assert part in str(refusal.value)
    with postgres_superuser(postgres, name) as boss:
        boss.execute(b"CREATE EXTENSION pg_trgm")
        boss.execute(f"GRANT CREATE ON SCHEMA public TO {connection.settings_dict['USER']}".encode())
    call_command("migrate", "catalog", verbosity=0)


def postgres_superuser(server, database):
    """Return a connection of somebody who may do everything."""
    import psycopg

    return psycopg.connect(server.url(database, role="postgres"), autocommit=True)


def _queries(*, quoted: bool) -> list[str]:
    rng = random.Random(20261123)
    vocabulary = sorted({word for texts in PRODUCTS.values() for text in texts for word in words.words_of(text)})
    return [_query(rng, vocabulary, quoted=quoted) for _ in range(RANDOM_QUERIES)]


def _query(rng: random.Random, vocabulary: list[str], *, quoted: bool) -> str:
    """One to five terms: mostly of one product, so that something is found."""
    pieces: list[str] = []
    near = words.words_of(" ".join(rng.choice(list(PRODUCTS.values()))))
    for _ in range(rng.randint(1, 5)):
        start = rng.randrange(len(near))
        term = rng.choice([near[start], rng.choice(vocabulary), " ".join(near[start : start + 2])])
        term = f'"{term}"' if quoted or " " in term else term[: rng.randint(1, len(term))]
        pieces += [*(["or"] if pieces and rng.random() < 0.3 else []), ("-" if rng.random() < 0.25 else "") + term]
    return " ".join(pieces)
