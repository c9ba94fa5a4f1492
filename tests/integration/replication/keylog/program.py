"""Random writers: transactions of every kind of statement, by several connections at once, some of them taken back."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress

import psycopg

ERRORS = (psycopg.Error, sqlite3.Error)
CODES = [f"code {n}" for n in range(25)]
REGIONS = ("north", "south", "east")


class Writer:
    """One connection's program; its statements are written for PostgreSQL and translated."""

    def __init__(self, pair, seed):
        self.pair = pair
        self.random = random.Random(seed)
        self.committed = 0

    def run(self, transactions):
        """Run so many transactions; one that is refused, by a constraint or a deadlock, is none."""
        with closing(self.pair.raw()) as self.connection:
            for _ in range(transactions):
                self.transaction()

    def transaction(self):
        acts = self.random.choices(ACTS, k=self.random.randint(1, 3))
        try:
            self.do("BEGIN" if self.pair.vendor == "postgresql" else self.random.choice(["BEGIN", "BEGIN IMMEDIATE"]))
            for act in acts:
                act(self)
            end = self.random.choices(["COMMIT", "ROLLBACK"], [9, 1])[0]
            self.do(end)
            self.committed += end == "COMMIT"
        except ERRORS:
            with suppress(ERRORS):
                self.do("ROLLBACK")

    def do(self, statement, *values):
        if self.pair.vendor == "sqlite":
            statement = statement.replace("%s", "?")
        cursor = self.connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def person(self):
        found = self.do("SELECT id FROM kl_person ORDER BY id")
        return self.random.choice(found)[0] if found else None

    def code(self):
        return self.random.choice(CODES)


def add_person(writer):
    boss = writer.random.choice([None, writer.person()])
    writer.do("INSERT INTO kl_person (code, boss) VALUES (%s, %s)", writer.code(), boss)


def add_person_unless_there(writer):
    writer.do("INSERT INTO kl_person (code) VALUES (%s) ON CONFLICT (code) DO UPDATE SET boss = NULL", writer.code())


def rename(writer):
    writer.do("UPDATE kl_person SET code = %s WHERE id = %s", writer.code(), writer.person())


def swap(writer):
    one, other = writer.person(), writer.person()
    if one is None or one == other:
        return
    codes = dict(writer.do("SELECT id, code FROM kl_person WHERE id IN (%s, %s)", one, other))
    if len(codes) < 2:
        return
    writer.do("UPDATE kl_person SET code = %s WHERE id = %s", f"swap {one} {writer.random.random()}", one)
    writer.do("UPDATE kl_person SET code = %s WHERE id = %s", codes[one], other)
    writer.do("UPDATE kl_person SET code = %s WHERE id = %s", codes[other], one)


def change_key(writer):
    old, new = writer.person(), writer.random.randrange(10_000, 10_040)
    for table, column in (("kl_badge", "person"), ("kl_friend", "one"), ("kl_friend", "other"), ("kl_person", "boss")):
        writer.do(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", new, old)
    writer.do("UPDATE kl_person SET id = %s WHERE id = %s", new, old)


def remove_person(writer):
    person = writer.person()
    writer.do("UPDATE kl_person SET boss = NULL WHERE boss = %s", person)
    writer.do("DELETE FROM kl_friend WHERE one = %s OR other = %s", person, person)
    writer.do("DELETE FROM kl_badge WHERE person = %s", person)
    writer.do("DELETE FROM kl_person WHERE id = %s", person)


def befriend(writer):
    writer.do("INSERT INTO kl_friend (one, other) VALUES (%s, %s)", writer.person(), writer.person())


def part(writer):
    writer.do("DELETE FROM kl_friend WHERE one = %s", writer.person())


def give_badge(writer):
    writer.do("INSERT INTO kl_badge (person, place, note) VALUES (%s, %s, %s)", writer.person(),
              writer.random.randrange(5), writer.random.choice([None, "", "x' \\ \t"]))  # fmt: skip


def move_badges(writer):
    writer.do("UPDATE kl_badge SET place = place + 1 WHERE person = %s", writer.person())


def set_day(writer):
    writer.do("INSERT INTO kl_day (day, value) VALUES (%s, %s) ON CONFLICT (day) DO UPDATE SET value = excluded.value",
              f"2026-01-{writer.random.randrange(1, 29):02}", writer.random.randrange(100))  # fmt: skip


def move_day(writer):
    days = (f"2026-01-{writer.random.randrange(1, 29):02}" for _ in range(2))
    writer.do("UPDATE kl_day SET day = %s WHERE day = %s", *days)


def clear_days(writer):
    if writer.random.random() < 0.2:
        writer.do("TRUNCATE kl_day" if writer.pair.vendor == "postgresql" else "DELETE FROM kl_day")


def settle(writer):
    writer.do(
        "INSERT INTO kl_region VALUES (%s, %s, %s)", writer.random.randrange(30), writer.random.choice(REGIONS), 1
    )


def migrate(writer):
    writer.do("UPDATE kl_region SET region = %s, value = value + 1 WHERE id = %s", writer.random.choice(REGIONS),
              writer.random.randrange(30))  # fmt: skip


def replace(writer):
    if writer.pair.vendor == "sqlite":
        writer.do(
            "INSERT OR REPLACE INTO kl_person (id, code) VALUES (%s, %s)", writer.random.randrange(50), writer.code()
        )


def abandon(writer):
    """Delete without a look at who refers to it: often refused, at once or at the end."""
    writer.do("DELETE FROM kl_person WHERE id = %s", writer.person())


ACTS = (
    add_person, add_person, add_person, add_person_unless_there, rename, swap, swap, change_key, remove_person,
    befriend, befriend, part, give_badge, give_badge, move_badges, set_day, set_day, move_day, clear_days, settle,
    settle, migrate, replace, abandon,
)  # fmt: skip
