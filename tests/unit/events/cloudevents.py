"""
The rules of CloudEvents 1.0.2 for a structured JSON event, written down from its specification.

The JSON Schema that comes with it leaves out what its text demands of attribute names and of extensions; those rules
stand here as well.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft7Validator, FormatChecker

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_URI_CHARACTERS = re.compile(r"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_TRACEPARENT = r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
_text = {"type": "string", "minLength": 1}
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return bool(_RFC3339.fullmatch(str(value))) and datetime.fromisoformat(str(value)).tzinfo is not None


@_formats.checks("uri-reference", raises=ValueError)
def _is_uri_reference(value: object) -> bool:
    return bool(_URI_CHARACTERS.fullmatch(str(value))) and urlsplit(str(value)) is not None


@_formats.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    return _is_uri_reference(value) and bool(urlsplit(str(value)).scheme)


SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        # context attributes
        "id": _text,
        "source": _text | {"format": "uri-reference"},
        "specversion": {"const": "1.0"},
        "type": _text,
        "datacontenttype": _text | {"pattern": r"^[^/\s]+/[^/\s]+"},
        "dataschema": _text | {"format": "uri"},
        "subject": _text,
        "time": _text | {"format": "date-time"},
        "data": {},
        # documented extensions: Partitioning, Sequence, Distributed Tracing
        "partitionkey": _text,
        "sequence": _text,
        "traceparent": {"type": "string", "pattern": _TRACEPARENT},
    },
    # An attribute's name is made of small letters and digits and should have 20 of them at most.
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
    # An extension's value is of a simple type.
    "additionalProperties": {"type": ["string", "integer", "boolean"]},
}
Draft7Validator.check_schema(SCHEMA)
_validator = Draft7Validator(SCHEMA, format_checker=_formats)


def violations(document: Any) -> list[str]:
    """Return how a decoded document breaks CloudEvents 1.0; empty when it does not."""
    return sorted(f"{error.json_path}: {error.message}" for error in _validator.iter_errors(document))
