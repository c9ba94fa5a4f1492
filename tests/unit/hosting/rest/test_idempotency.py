"""One effect per key; what commits, what does not, and who waits."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from monolith.catalog.models import CatalogIdempotency as Record
from strangler.fence import Moved
from strangler.hosting.rest import idempotency
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import RestView, one_transaction
from tests.sample.models import Shelf

# The sample borrows the table of keys of an app of the platform.
pytestmark = [pytest.mark.django_db, pytest.mark.crosses_borders]


class Somebody:
    is_authenticated = True
    scopes = frozenset({"write"})

    def __init__(self, subject="somebody"):
        self.subject = subject


class Shelves(RestView):
    authentication_classes = ()
    scopes = {"POST": "write", "PUT": "write"}
    then = staticmethod(lambda: None)

    @idempotent(Record, route="POST /shelves")
    def post(self, request):
        shelf = Shelf.objects.create(name=request.data["name"])
        self.then()
        return Response({"id": shelf.id, "z": 1, "a": 2}, status=201, headers={"ETag": '"1"', "X-Else": "x"})

    @one_transaction
    def put(self, request):
        Shelf.objects.create(name=request.data["name"])
        self.then()
        return Response({})


def send(body=None, *, key="k", user=None, then=lambda: None, method="post", path="/shelves"):
    headers = {"Idempotency-Key": key} if key is not None else {}
    request = getattr(APIRequestFactory(), method)(path, body or {"name": "a"}, format="json", headers=headers)
    force_authenticate(request, user or Somebody())
    answer = Shelves.as_view(then=staticmethod(then))(request)
    return answer.render() if isinstance(answer, Response) else answer


def fail(error):
    def then():
        raise error

    return then


def test_repeat_is_answered_with_the_same_bytes():
    first, again = send(), send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (again["ETag"], again["Content-Type"], again["Idempotent-Replayed"]) == ('"1"', "application/json", "true")
    assert not first.has_header("Idempotent-Replayed")
    assert not again.has_header("X-Else")
    assert Shelf.objects.count() == 1


def test_record_is_as_the_specification_says():
    send()
    record = Record.objects.get()
    assert (record.principal, record.route, record.key) == ("somebody", "POST /shelves", "k")
    assert (record.state, record.status_code, len(record.request_sha256)) == ("done", 201, 64)
    assert record.expires_at - record.locked_at >= timedelta(hours=24) - timedelta(seconds=1)


def test_record_tells_nobody_what_was_sent(settings):
    """A body may hold a password: without the secret its hash cannot be compared with guesses."""
    send()
    kept = Record.objects.get().request_sha256
    for model in (Record, Shelf):
        model.objects.all().delete()
    settings.SECRET_KEY = "another" * 10
    send()
    assert Record.objects.get().request_sha256 != kept


@pytest.mark.parametrize("body", [{"name": "b"}, {"name": "a", "x": 1}])
def test_other_request_with_the_key_is_refused(body):
    send()
    assert send(body).data["code"] == "idempotency_key_reused"


def test_other_address_with_the_key_is_refused():
    """The path's arguments and the query are part of the request."""
    send()
    assert send(path="/shelves?x=1").data["code"] == "idempotency_key_reused"


def test_key_is_of_its_principal():
    """Two people may choose the same key, and neither sees the other's answer."""
    send()
    other = send({"name": "b"}, user=Somebody("else"))
    assert (other.status_code, other.has_header("Idempotent-Replayed")) == (201, False)


@pytest.mark.parametrize("error", [Problem(RestCode.INVALID_QUERY), Moved("catalog", "service", 3)])
def test_refusal_records_nothing_and_undoes_the_effect(error):
    """A repeat runs again."""
    assert send(then=fail(error)).status_code in {400, 503}
    assert (Shelf.objects.count(), Record.objects.count()) == (0, 0)
    assert send().status_code == 201


def test_returned_refusal_records_nothing_either():
    """A handler may render its refusal itself."""

    class Refusing(Shelves):
        @idempotent(Record, route="POST /refusing")
        def post(self, request):
            Shelf.objects.create(name="a")
            return Response({}, status=409)

    request = APIRequestFactory().post("/", {}, format="json", headers={"Idempotency-Key": "k"})
    force_authenticate(request, Somebody())
    assert Refusing.as_view()(request).status_code == 409
    assert (Shelf.objects.count(), Record.objects.count()) == (0, 0)


def test_bug_records_nothing_and_undoes_the_effect():
    """A 500 before the commit leaves the key unused."""
    with pytest.raises(ZeroDivisionError):
        send(then=lambda: 1 / 0)
    assert (Shelf.objects.count(), Record.objects.count()) == (0, 0)
    assert send().status_code == 201


@pytest.mark.parametrize("key", [None, "", "  ", "k" * 256])
def test_key_is_required(key):
    answer = send(key=key)
    assert (answer.status_code, answer.data["code"]) == (400, "idempotency_key_required")
    assert Shelf.objects.count() == 0


def test_expired_record_is_forgotten():
    send()
    Record.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    again = send({"name": "b"})
    assert (again.status_code, again.has_header("Idempotent-Replayed")) == (201, False)
    assert Record.objects.count() == 1


def test_purge_deletes_only_what_has_expired():
    send(key="old")
    Record.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    send({"name": "b"}, key="new")
    assert Record.purge() == 1
    assert Record.objects.get().key == "new"


def test_effect_and_record_are_one_transaction(monkeypatch):
    """If the record cannot be written, the effect does not happen."""
    monkeypatch.setattr(idempotency, "_finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send()
    assert (Shelf.objects.count(), Record.objects.count()) == (0, 0)


def test_repeat_is_told_at_once_while_the_first_runs():
    """It does not wait for the database's lock: it is refused before any statement."""
    inside, told = threading.Event(), threading.Event()

    def first_is_running():
        inside.set()
        assert told.wait(10)

    def repeat():
        assert inside.wait(10)
        answer = send()
        told.set()
        connection.close()
        return answer

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(repeat)
        assert send(then=first_is_running).status_code == 201
        answer = waiting.result(10)
    assert (answer.status_code, answer.data["code"], answer["Retry-After"]) == (409, "idempotency_in_progress", "1")


def test_record_in_progress_is_told_even_without_the_lock():
    """The second guard: a row that somebody else's machinery left in progress."""
    send()
    Record.objects.update(state="in_progress")
    assert send().data["code"] == "idempotency_in_progress"


def test_lock_is_released_after_a_failure():
    with pytest.raises(ZeroDivisionError):
        send(then=lambda: 1 / 0)
    assert send().status_code == 201


def test_handlers_say_that_they_are_atomic():
    """The system check of R4 asks for this mark; and it is true."""
    assert Shelves.post.strangler_atomic
    assert Shelves.put.strangler_atomic
    in_block = []
    with pytest.raises(ZeroDivisionError):
        send(method="put", then=lambda: in_block.append(connection.in_atomic_block) or 1 / 0)
    assert in_block == [True]
    assert Shelf.objects.count() == 0
    assert not transaction.get_connection().needs_rollback
