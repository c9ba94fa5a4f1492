"""Reads JSON bodies, up to a size."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import JSONParser

from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem


class BoundedJSONParser(JSONParser):
    """JSON of at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes; DRF itself reads whatever is sent."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read() if limit is None else stream.read(limit + 1)
        if limit is not None and len(content) > limit:
            raise Problem(RestCode.PAYLOAD_TOO_LARGE, f"At most {limit} bytes.")
        try:
            return super().parse(BytesIO(content), media_type, parser_context)
        except RecursionError:
            raise Problem(RestCode.MALFORMED_REQUEST, "The JSON is nested too deeply.") from None
