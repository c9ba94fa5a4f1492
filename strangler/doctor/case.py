"""A capability as the doctor finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import HOMES, Home, get_conf
from strangler.doctor.finding import Finding
from strangler.errors import Refused, SetupError
from strangler.fence import other, tables_of, why_restored
from strangler.models import Operation
from strangler.routing import CapabilityState
from strangler.state import Owned, read_ownership
from strangler.state.connection import connection_of


@dataclass(frozen=True, slots=True)
class Place:
    """
    One home's database.

    Attributes:
        restored: why it is not the database that the home knows (R18), or empty.
    """

    home: Home
    connection: BaseDatabaseWrapper
    owned: Owned
    restored: str

    @property
    def postgresql(self) -> bool:
        """Whether it is a PostgreSQL server."""
        return self.connection.vendor == "postgresql"


@dataclass(frozen=True)
class Case:
    """
    A capability, with those of its homes that can be examined.

    Attributes:
        state: what the control database says.
        operation: the one that runs or stopped half-way.
        places: by home; one is missing when it does not answer, or this process has no settings for it.
        unseen: why those are missing.
    """

    name: str
    state: CapabilityState
    operation: Operation | None
    places: Mapping[Home, Place] = field(default_factory=dict)
    unseen: Mapping[Home, str] = field(default_factory=dict)

    @property
    def tables(self) -> list[str]:
        """The capability's tables, parents first."""
        return tables_of(self.name)

    @property
    def pair(self) -> tuple[Place, Place] | None:
        """Both homes, the monolith first; None unless both were seen."""
        return (self.places["monolith"], self.places["service"]) if len(self.places) == len(HOMES) else None

    def peer_of(self, place: Place) -> Place | None:
        """Return the other home, if it was seen."""
        return self.places.get(other(place.home))

    @property
    def at_rest(self) -> bool:
        """Whether no operation is under way or stopped, both homes were seen, and each is in its own database."""
        return not self.operation and self.pair is not None and not any(p.restored for p in self.pair)

    @property
    def settled(self) -> bool:
        """Whether it is at rest and both rows say what the table says: then what does not belong is left over."""
        said = (self.state.writer, self.state.epoch)
        return self.at_rest and all(place.owned[:2] == said for place in self.places.values())


def open_case(name: str, state: CapabilityState) -> Case:
    """Look at a capability's homes."""
    operations = Operation.objects.using(get_conf().control_database)
    operation = operations.filter(capability=name, state__in=[Operation.RUNNING, Operation.FAILED]).first()
    places: dict[Home, Place] = {}
    unseen: dict[Home, str] = {}
    for home in HOMES[1:] if get_conf().capabilities[name].complete else HOMES:
        try:
            connection = connection_of(name, home)
            owned = read_ownership(connection, name)
            places[home] = Place(home, connection, owned, why_restored(connection, name))
        except (DatabaseError, SetupError, Refused) as error:
            unseen[home] = str(error).strip()
    return Case(name, state, operation, places, unseen)


def unseen_homes(case: Case) -> Iterator[Finding]:
    """Find homes that could not be examined."""
    for home, why in case.unseen.items():
        yield Finding(
            "home-unseen",
            "error",
            case.name,
            f"The {home}'s database cannot be examined: {why}",
            "Start or migrate it.",
        )
