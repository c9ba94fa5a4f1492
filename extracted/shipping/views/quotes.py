"""Quotes over REST: parse, call once, render."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from extracted.shipping import addresses, quoting, serializers
from extracted.shipping.quoting import Goods
from extracted.shipping.representations import quote_json
from extracted.shipping.views.common import OWN, OwnOrStaff, ShippingView, read_body


class QuotesView(ShippingView):
    """What it would cost; nothing is kept here, so no key is needed."""

    scopes = {"POST": OWN}
    permission_classes = (OwnOrStaff,)

    @extend_schema(
        operation_id="get_quote",
        request=serializers.QuoteRequestSerializer,
        responses={200: serializers.QuoteSerializer},
    )
    def post(self, request: Request) -> Response:
        """
        Ask every carrier what it costs to send something.

        Carriers that fail are missing among the options and named among the messages.
        """
        body = read_body(serializers.QuoteRequestSerializer, request)
        goods = Goods.of_items(body["lines"]) if body.get("lines") else Goods.of_parcels(body["parcels"])
        return Response(
            quote_json(quoting.quote(to=body["to"], goods=goods, origin=body.get("from", addresses.ORIGIN)))
        )
