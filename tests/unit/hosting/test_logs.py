"""Logs are JSON that can be joined by ids, and hold no secret whoever wrote them."""

import io
import json
import logging

import pytest
import structlog

from strangler.hosting import logs

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


@pytest.fixture
def lines(monkeypatch):
    """What is written to the log, as it would be parsed."""
    monkeypatch.setattr(logs, "_requests", None)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure(level="INFO", style="json", host="catalog")
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_names_host_and_ids(lines):
    with structlog.contextvars.bound_contextvars(trace_id="t", span_id="s", request_id="r"):
        structlog.stdlib.get_logger("x").info("happened", amount=3)
        logging.getLogger("foreign").warning("said %s", "so")
    own, foreign = lines()
    assert (own["event"], own["amount"]) == ("happened", 3)
    assert foreign["event"] == "said so"
    for line in (own, foreign):
        assert (line["host"], line["trace_id"], line["span_id"], line["request_id"]) == ("catalog", "t", "s", "r")
        assert line["level"]
        assert line["timestamp"].endswith("Z")


def test_the_line_of_a_request_is_like_all_others(lines, capsys):
    """It takes a shorter way; nobody should see that, and it hides what all others hide."""
    logs.configure(level="INFO", style="json", host="catalog")
    request = logs.request_logger()
    with structlog.contextvars.bound_contextvars(trace_id="t"):
        request.info("answered", path="/a", note=f"Bearer {TOKEN}", password="hunter2")
        structlog.stdlib.get_logger("request").info("answered", path="/a", note=f"Bearer {TOKEN}", password="hunter2")
        request.debug("not at this level")
    short, usual = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert short.pop("timestamp").endswith("Z")
    assert usual.pop("timestamp").endswith("Z")
    assert short == usual
    assert logs.HIDDEN in short["note"]
    assert short["password"] == logs.HIDDEN


@pytest.mark.parametrize(
    "secret",
    [f"Bearer {TOKEN}", TOKEN, "postgresql://strangler:hunter2@127.0.0.1/x", "card 4111 1111 1111 1111 was"],
)
def test_secrets_inside_of_text_are_redacted(lines, secret):
    logging.getLogger("foreign").error("it said %s there", secret)
    written = json.dumps(lines())
    assert logs.HIDDEN in written
    for part in (TOKEN, "hunter2", "4111"):
        assert part not in written


@pytest.mark.parametrize("name", ["password", "Authorization", "api_key", "cvv", "Set-Cookie", "refresh_token", "ssn"])
def test_values_with_telling_names_are_redacted_at_any_depth(lines, name):
    fields = {"body": {"list": [{name: "hunter2"}]}, name.replace("-", "_"): "hunter2"}
    structlog.stdlib.get_logger("x").info("sent", **fields)
    assert "hunter2" not in json.dumps(lines())


def test_exceptions_are_redacted_and_one_line(lines):
    try:
        raise ValueError("postgresql://strangler:hunter2@127.0.0.1/x")
    except ValueError:
        logging.getLogger("foreign").exception("failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "hunter2" not in line["exception"]


def test_ordinary_numbers_and_names_stay(lines):
    structlog.stdlib.get_logger("x").info("sold", sku="FIG-12", amount=129900, passenger="Ann", keys=3)
    (line,) = lines()
    assert (line["sku"], line["amount"], line["passenger"], line["keys"]) == ("FIG-12", 129900, "Ann", 3)


def test_a_terminal_gets_text(lines):
    logs.configure(level="INFO", style="console", host="catalog")
    stream = io.StringIO()
    logging.getLogger().handlers[0].setStream(stream)
    structlog.stdlib.get_logger("x").info("happened", password="hunter2")
    assert "happened" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())
