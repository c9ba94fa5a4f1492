"""The refusals that every command shares (R13)."""

from __future__ import annotations

from strangler.errors import ContractError


class CommandInProgress(ContractError):
    """A command with the same key is being carried out; repeat in a moment to get its outcome."""

    code = "command_in_progress"


class CommandKeyReused(ContractError):
    """The key belongs to a command with other arguments."""

    code = "command_key_reused"
