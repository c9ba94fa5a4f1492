"""Declare: what a bounded app offers to others, as operations over strict wire types. No Django, no I/O."""

from strangler.contract.codec import Codec, WireError, codecs_of
from strangler.contract.compatibility import incompatibilities
from strangler.contract.errors import CommandInProgress, CommandKeyReused
from strangler.contract.event import Events, EventType, Subscriptions, event_type_of
from strangler.contract.operation import Contract, Operation, command, query
from strangler.contract.port import Port, bind_ports, unbind_ports
from strangler.contract.samples import Samples, read_samples, sample_faults
from strangler.contract.snapshot import snapshot
from strangler.contract.types import Moment

__all__ = [
    "Codec",
    "CommandInProgress",
    "CommandKeyReused",
    "Contract",
    "EventType",
    "Events",
    "Moment",
    "Operation",
    "Port",
    "Samples",
    "Subscriptions",
    "WireError",
    "bind_ports",
    "codecs_of",
    "command",
    "event_type_of",
    "incompatibilities",
    "query",
    "read_samples",
    "sample_faults",
    "snapshot",
    "unbind_ports",
]
