"""Bodies are bounded before they are parsed."""

from io import BytesIO

import pytest

from strangler.hosting.rest.parsers import BoundedJSONParser
from strangler.hosting.rest.problems import Problem

LIMIT = 100


@pytest.fixture(autouse=True)
def limit(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT


def parse(content):
    stream = BytesIO(content)
    return stream, BoundedJSONParser().parse(stream)


def test_body_of_the_limit_is_read_and_one_byte_more_is_not():
    content = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert parse(content)[1] == "x" * (LIMIT - 2)
    with pytest.raises(Problem) as refused:
        parse(content + b" ")
    assert refused.value.code.status == 413


def test_nesting_is_bounded(settings):
    """The reader recurses; a bug would be a 500."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    with pytest.raises(Problem) as refused:
        parse(b"[" * 100_000)
    assert refused.value.code.value == "malformed_request"
