"""What a statement reads and writes, whatever way it is written."""

import pytest

from strangler.boundaries.statements import usage_of

pytestmark = pytest.mark.usefixtures("two_capabilities")

BOTH = {"catalog", "sample"}
CROSSING = {
    "join": ("SELECT * FROM catalog_product p JOIN sample_book b ON b.id = p.id WHERE p.id = %s", set()),
    "quoted": ('SELECT "catalog_product"."id" FROM "catalog_product", "sample_book" LIMIT 21', set()),
    "upper case": ("SELECT * FROM CATALOG_PRODUCT JOIN Sample_Book USING (id)", set()),
    "schema": ('SELECT * FROM "public"."catalog_product", public.sample_book', set()),
    "subquery": ("SELECT * FROM sample_book WHERE id IN (SELECT id FROM catalog_product WHERE name = %(n)s)", set()),
    "exists": ("SELECT 1 FROM sample_shelf s WHERE EXISTS(SELECT 1 FROM catalog_product p WHERE p.id = s.id)", set()),
    "union": ("SELECT id FROM sample_book UNION ALL SELECT id FROM catalog_product", set()),
    "expression": ("WITH p AS (SELECT * FROM catalog_product) SELECT * FROM p JOIN sample_book ON true", set()),
    "name hidden later": (
        "WITH catalog_product AS (SELECT * FROM catalog_product) SELECT * FROM catalog_product, sample_tag",
        set(),
    ),
    "insert from": ("INSERT INTO sample_tag (name) SELECT name FROM catalog_product WHERE x = %s", {"sample"}),
    "update from": ("UPDATE sample_book SET title = p.name FROM catalog_product p WHERE p.id = %s", {"sample"}),
    "delete using": ("DELETE FROM sample_book USING catalog_product p WHERE p.id = sample_book.id", {"sample"}),
    "merge": (
        "MERGE INTO sample_tag t USING catalog_product p ON t.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (1)",
        {"sample"},
    ),
    "write in expression": (
        "WITH gone AS (DELETE FROM sample_book RETURNING *) INSERT INTO catalog_product SELECT * FROM gone",
        BOTH,
    ),
    "two at once": ("DELETE FROM sample_book; DELETE FROM catalog_product", BOTH),
    "truncate": ("TRUNCATE sample_book, catalog_product CASCADE", BOTH),
    "many to many table": ("SELECT * FROM sample_book_tags t, catalog_product", set()),
    "modulo": ("SELECT * FROM sample_book b, catalog_product p WHERE b.id %% 2 = 0 AND p.name LIKE 'x%%'", set()),
}
ALONE = {
    "select": ("SELECT * FROM sample_book b JOIN sample_shelf s ON s.id = b.shelf_id", {"sample"}, set()),
    "free tables": (
        "SELECT * FROM sample_book b JOIN auth_user u ON true JOIN django_session d ON true",
        {"sample"},
        set(),
    ),
    "nobody": ("SELECT * FROM auth_user, strangler_ownership", set(), set()),
    "insert": ("INSERT INTO sample_tag (name) VALUES (%s), (%s)", {"sample"}, {"sample"}),
    "a text": ("SELECT * FROM sample_book WHERE title = 'catalog_product'", {"sample"}, set()),
    "a column": ("SELECT catalog_product FROM sample_book", {"sample"}, set()),
    "an expression's name": (
        "WITH catalog_product AS (SELECT 1) SELECT 1 FROM sample_book, catalog_product",
        {"sample"},
        set(),
    ),
    "recursion": (
        """WITH RECURSIVE catalog_product AS (SELECT 1 UNION SELECT 2 FROM catalog_product)
        SELECT 1 FROM sample_book, catalog_product""",
        {"sample"},
        set(),
    ),
    "copied from": ("COPY sample_book (title) FROM STDIN", {"sample"}, {"sample"}),
    "copied to": ("COPY sample_book TO STDOUT", {"sample"}, set()),
    "after a read": ("SELECT 1; DELETE FROM sample_book", {"sample"}, {"sample"}),
    "after a comment": ("/* why */ DELETE FROM sample_book", {"sample"}, {"sample"}),
    "in an expression": ("WITH x AS (DELETE FROM sample_tag RETURNING 1) SELECT * FROM x", {"sample"}, {"sample"}),
    "schema": ("ALTER TABLE sample_book ADD FOREIGN KEY (id) REFERENCES catalog_product", set(), set()),
    "look": ("EXPLAIN SELECT * FROM sample_book, catalog_product", set(), set()),
}


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
@pytest.mark.parametrize(("sql", "written"), CROSSING.values(), ids=CROSSING)
def test_a_statement_across_a_border_is_seen(sql, written, vendor):
    usage = usage_of(sql, vendor)
    assert (usage.capabilities, usage.written, usage.parsed) == (BOTH, written, True)


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
@pytest.mark.parametrize(("sql", "used", "written"), ALONE.values(), ids=ALONE)
def test_a_statement_at_home_is_not(sql, used, written, vendor):
    usage = usage_of(sql, vendor)
    assert (usage.capabilities, usage.written, usage.parsed) == (used, written, True)


def test_tables_are_named():
    assert usage_of("SELECT * FROM sample_book, catalog_product, auth_user", "sqlite").tables == (
        "catalog_product",
        "sample_book",
    )


def test_what_cannot_be_read_says_so():
    usage = usage_of("SELEC FROM sample_book catalog_product (", "postgresql")
    assert (usage.capabilities, usage.parsed) == (BOTH, False)


def test_long_lists_are_read_once():
    from strangler.boundaries import statements

    def insert(rows):
        return (
            "INSERT INTO sample_tag (name) SELECT name FROM catalog_product WHERE id IN ("
            + ", ".join(["%s"] * rows)
            + ")"
        )

    assert usage_of(insert(2), "sqlite").capabilities == BOTH
    before = statements._read.cache_info().misses
    for rows in (3, 500, 5000):
        assert usage_of(insert(rows), "sqlite").capabilities == BOTH
    assert statements._read.cache_info().misses == before


def test_owners_of_tables_follow_the_settings(settings):
    assert usage_of("SELECT * FROM catalog_product", "sqlite").capabilities == {"catalog"}
    capabilities = {"sample": settings.STRANGLER["CAPABILITIES"]["sample"]}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": capabilities}
    assert usage_of("SELECT * FROM catalog_product", "sqlite").capabilities == set()
