"""`?fields=` chooses members and refuses what it does not know."""

import pytest
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.selection import selected

KNOWN = ("id", "name", "price")
ROW = {"id": 1, "name": "n", "price": 2}


def choose(query):
    return selected(APIView().initialize_request(APIRequestFactory().get("/", query)), KNOWN)


@pytest.mark.parametrize(
    ("query", "shown", "part"),
    [
        ({}, ROW, ""),
        ({"fields": "price,id"}, {"id": 1, "price": 2}, "id,price"),
        ({"fields": " name "}, {"name": "n"}, "name"),
    ],
)
def test_chosen_members_are_shown_in_their_usual_order(query, shown, part):
    selection = choose(query)
    assert list(selection.of(ROW).items()) == list(shown.items())
    assert selection.part == part


@pytest.mark.parametrize("fields", ["", "id,", "secret", "id,secret", "ID"])
def test_unknown_member_is_refused(fields):
    with pytest.raises(Problem) as refused:
        choose({"fields": fields})
    assert refused.value.code.value == "invalid_query"
