import uuid

import pytest
from django.core.cache import caches
from django.core.cache.backends.filebased import FileBasedCache
from django.http import HttpResponse
from django.test import RequestFactory

from strangler.proxy import pins
from strangler.transport import signing

pytestmark = pytest.mark.django_db(transaction=True)
PIN = ("sample", "monolith")


class Switchable(FileBasedCache):
    """A cache that all processes share, and that can be down."""

    down = False

    def _key_to_file(self, *args, **options):
        if Switchable.down:
            raise ConnectionError("the cache is down")
        return super()._key_to_file(*args, **options)


@pytest.fixture
def cache(settings, tmp_path):
    settings.CACHES = {
        **settings.CACHES,
        "pins": {"BACKEND": f"{__name__}.Switchable", "LOCATION": tmp_path, "KEY_PREFIX": uuid.uuid4().hex},
    }
    yield caches["pins"]
    Switchable.down = False
    pins._owing.clear()
    pins._breaker.succeeded()


def request(**cookies):
    asked = RequestFactory().get("/sample/")
    asked.COOKIES.update(cookies)
    return asked


def write(*subjects, at, asked=None):
    """Return the answer to a write at a position."""
    response = HttpResponse()
    pins.keep(asked or request(), response, PIN, subjects, lambda: at)
    return response


def look(*subjects, asked=None, source="monolith"):
    return pins.position_of(asked or request(), "sample", source, subjects)


def tend(at):
    pins.tend(*PIN, lambda: at)


def test_subject_is_pinned_and_nobody_else(cache):
    tend(at=3)
    write("42", at=7)
    assert (look("42"), look("43"), look()) == (7, 3, 3)


def test_any_name_of_the_client_pins_it(cache):
    tend(at=0)
    write("token", "cookie", at=7)
    assert look("cookie") == look("token") == look("other", "cookie") == 7


def test_positions_of_one_source_are_not_compared_with_another(cache):
    tend(at=1)
    pins.tend("sample", "service", lambda: 2)
    write("42", at=7)
    assert look("42", source="service") == 2


def test_lost_pins_pin_everybody_until_all_is_there(cache):
    """A cache that was started anew knows of no write, and cannot be believed when it says so."""
    tend(at=3)
    write("42", at=7)
    cache.clear()
    assert look("42") is None
    assert look("43") is None
    tend(at=9)
    assert look("42") == look("43") == 9


def test_everybodys_pin_stays_where_it_is(cache):
    tend(at=3)
    tend(at=1000)
    assert look("42") == 3


def test_while_the_cache_is_down_nobody_can_say(cache):
    tend(at=3)
    Switchable.down = True
    assert look("42") is None
    assert pins.trouble()


def test_write_while_the_cache_is_down_pins_by_cookie_and_later_everybody(cache):
    tend(at=3)
    Switchable.down = True
    token = write("42", at=7).cookies["strangler_pins"].value
    Switchable.down = False
    pins._breaker.succeeded()
    assert look("42") is None  # this process knows that the cache was not told
    tend(at=9)
    assert look("42") == 9
    assert look("42", asked=request(strangler_pins=token)) == 9
    assert pins.trouble() == ""


def test_cookie_counts_beside_the_cache(cache):
    """Another process could not tell the cache, and the client carries the pin to this one."""
    tend(at=3)
    Switchable.down = True
    token = write("42", at=7).cookies["strangler_pins"].value
    Switchable.down = False
    pins._owing.clear()
    pins._breaker.succeeded()
    assert look("42", asked=request(strangler_pins=token)) == 7


def test_cache_that_is_down_is_not_asked_for_every_read(cache, monkeypatch):
    """Each attempt may cost a time-out."""
    tend(at=3)
    Switchable.down = True
    look("42")
    Switchable.down = False
    assert look("42") is None
    pins._breaker.succeeded()
    assert look("42") == 3


def test_without_a_shared_cache_a_cookie_keeps_the_pin(settings):
    assert not pins.shared()
    response = write("42", at=7)
    cookie = response.cookies["strangler_pins"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert look("42", asked=request(strangler_pins=cookie.value)) == 7
    assert look("42") == 0


def test_cookie_holds_pins_of_several_capabilities(settings):
    first = write("42", at=7).cookies["strangler_pins"].value
    response = HttpResponse()
    pins.keep(request(strangler_pins=first), response, ("other", "monolith"), ["42"], lambda: 8)
    both = request(strangler_pins=response.cookies["strangler_pins"].value)
    assert look(asked=both) == 7
    assert pins.position_of(both, "other", "monolith", []) == 8


@pytest.mark.parametrize("token", ["", "x", "test.e30.AAAA"])
def test_cookie_cannot_be_made_up(settings, token):
    assert look(asked=request(strangler_pins=token)) == 0
    other_purpose = signing.sign("subject", {"at": {"sample": ["monolith", 9]}}, ttl_s=60)
    assert look(asked=request(strangler_pins=other_purpose)) == 0


def test_cache_of_one_process_is_no_place_for_pins(settings):
    settings.CACHES = {**settings.CACHES, "pins": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert not pins.shared()


def test_pins_outlast_every_limit(settings):
    """When a pin ends by age, its rows have arrived, or nobody reads the copy any more."""
    settings.STRANGLER = {**settings.STRANGLER, "LAG_LIMIT_S": 300}
    assert pins.ttl_s() > 300
    settings.STRANGLER = {**settings.STRANGLER, "MAX_STALE_S": 900}
    assert pins.ttl_s() > 900
