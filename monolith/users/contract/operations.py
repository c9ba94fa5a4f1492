"""What the users do for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.users.contract.errors import OutOfBounds, UnknownAddress, UnknownRequest, UnknownUser
from monolith.users.contract.values import Address, Contact, Customer, Secret
from strangler.contract import Port, query


class Users(Protocol):
    """Accounts and their addresses, as committed just before the answer; one that was deleted is unknown."""

    @query(raises=(UnknownUser,))
    def contact(self, *, user_id: UUID) -> Contact:
        """Return how to reach somebody."""
        ...

    @query(raises=(OutOfBounds,))
    def contacts(self, *, user_ids: tuple[UUID, ...]) -> tuple[Contact, ...]:
        """
        Return how to reach many.

        Args:
            user_ids: 1 to 200, any order.

        Returns:
            In the order of *user_ids*, repeats dropped; whoever is unknown is left out.
        """
        ...

    @query(raises=(UnknownRequest,))
    def secret(self, *, request_id: UUID) -> Secret:
        """
        Return what the message is to carry that an event has asked for; nobody else has any use for it.

        It is made anew each time, the same for the same request: no home keeps it.
        """
        ...

    @query(raises=(UnknownUser,))
    def customer(self, *, customer_id: UUID) -> Customer:
        """Return an account."""
        ...

    @query(raises=(OutOfBounds,))
    def customers(self, *, ids: tuple[UUID, ...]) -> tuple[Customer, ...]:
        """
        Return many accounts.

        Args:
            ids: 1 to 200, any order.

        Returns:
            In the order of *ids*, repeats dropped; whoever is unknown is left out.
        """
        ...

    @query(raises=(UnknownAddress, OutOfBounds))
    def addresses(self, *, customer_id: UUID, ids: tuple[UUID, ...] = ()) -> tuple[Address, ...]:
        """
        Return addresses of one customer; an address of somebody else is unknown.

        Args:
            ids: up to 50; none asks for all.

        Returns:
            In the order of *ids*, repeats dropped; all of them by age, the oldest first.

        Raises:
            UnknownAddress: the customer does not have one of *ids*; the context has `ids`.
        """
        ...


users = Port[Users]("users")
