"""
The fields that the rendered kinds may have, taken from their specifications, and nothing beside them.

Gateway API: `apis/v1/httproute_types.go`, `shared_types.go`, `apis/v1beta1/referencegrant_types.go` (release 1.2).
Istio: `networking/v1/{virtual_service,destination_rule}.proto`, `security/v1/authorization_policy.proto`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]
LABEL = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
HOSTNAME = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
QUALIFIED = rf"^({SUBDOMAIN[1:-1]}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?$"
LABEL_VALUE = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
# PathPrefix and Exact: no `//`, `/./`, `/../`, `%2f`, `#`; characters of RFC 3986 3.3.
PATH = r"^(?!.*(//|/\.\.?(/|$)|%2[fF]))/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$"
GEP_2257 = "^([0-9]{1,5}(h|m|s|ms)){1,4}$"
SECONDS = r"^[0-9]+(\.[0-9]{1,9})?s$"


def fields(required: Schema, optional: Schema | None = None) -> Schema:
    """Return a schema of exactly these fields."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def listed(items: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, **({"maxItems": most} if most else {})}


def text(pattern: str, most: int = 253) -> Schema:
    return {"type": "string", "pattern": pattern, "maxLength": most}


def whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def named(values: Schema) -> Schema:
    return {"type": "object", "propertyNames": text(QUALIFIED, 317), "additionalProperties": values}


PORT = whole(1, 65_535)
METADATA = fields(
    {
        "name": text(SUBDOMAIN),
        "namespace": text(LABEL, 63),
        "labels": named(text(LABEL_VALUE, 63)),
        "annotations": named({"type": "string"}),
    }
)

# -- Gateway API ------------------------------------------------------------------------------------------------

HEADER_NAME = text("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", 256)
HTTP_ROUTE_MATCH = fields(
    {"path": fields({"type": one_of("Exact", "PathPrefix"), "value": text(PATH, 1024)})},
    {
        "method": one_of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
        "headers": listed(
            fields({"type": one_of("Exact", "RegularExpression"), "name": HEADER_NAME, "value": text("^", 4096)}), 16
        ),
    },
)
HTTP_ROUTE_RULE = fields(
    {"matches": listed(HTTP_ROUTE_MATCH, 8)},  # 64 since release 1.2, 8 before
    {
        "filters": listed(
            fields(
                {
                    "type": one_of("RequestHeaderModifier"),
                    "requestHeaderModifier": fields({"remove": listed(HEADER_NAME, 16)}),
                }
            ),
            16,
        ),
        "backendRefs": listed(
            fields(
                {"name": text(LABEL, 63), "port": PORT, "weight": whole(0, 1_000_000)}, {"namespace": text(LABEL, 63)}
            ),
            16,
        ),
        "timeouts": fields({"request": text(GEP_2257)}),
    },
)
HTTP_ROUTE = fields(
    {
        "parentRefs": listed(fields({"name": text(SUBDOMAIN)}, {"namespace": text(LABEL, 63)}), 32),
        "rules": listed(HTTP_ROUTE_RULE, 16),
    },
    {"hostnames": listed(text(HOSTNAME), 16)},
)
REFERENCE_GRANT = fields(
    {
        "from": listed(
            fields(
                {
                    "group": one_of("gateway.networking.k8s.io"),
                    "kind": one_of("HTTPRoute"),
                    "namespace": text(LABEL, 63),
                }
            ),
            16,
        ),
        "to": listed(fields({"group": one_of(""), "kind": one_of("Service")}, {"name": text(LABEL, 63)}), 16),
    }
)

# -- Istio ------------------------------------------------------------------------------------------------------

STRING_MATCH = {"oneOf": [fields({how: {"type": "string", "minLength": 1}}) for how in ("exact", "prefix", "regex")]}
HTTP_MATCH = fields(
    {"uri": STRING_MATCH},
    {
        "method": STRING_MATCH,
        "headers": {"type": "object", "propertyNames": text("^[a-z0-9-]+$"), "additionalProperties": STRING_MATCH},
    },
)
DESTINATION = fields(
    {
        "destination": fields({"host": text(SUBDOMAIN), "port": fields({"number": PORT})}),
        "weight": whole(0, 100),
    }
)
HTTP_ENTRY = fields(
    {"name": {"type": "string", "minLength": 1}},
    {
        "match": listed(HTTP_MATCH),
        "route": listed(DESTINATION),
        "directResponse": fields({"status": whole(200, 599)}),
        "timeout": text(SECONDS),
        "retries": fields({"attempts": whole(0, 10), "retryOn": text("^[a-z0-9-]+(,[a-z0-9-]+)*$")}),
        "headers": fields({"request": fields({"remove": listed(HEADER_NAME)})}),
    },
) | {"oneOf": [{"required": ["route"]}, {"required": ["directResponse"]}]}
VIRTUAL_SERVICE = fields(
    {
        "hosts": listed(text(r"^(\*|(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$")),
        "gateways": listed(text(f"{LABEL[:-1]}/{SUBDOMAIN[1:]}")),
        "http": listed(HTTP_ENTRY),
    }
)
UINT32 = whole(0, 2**32 - 1)
DESTINATION_RULE = fields(
    {
        "host": text(SUBDOMAIN),
        "trafficPolicy": fields(
            {
                "loadBalancer": {
                    "oneOf": [
                        fields({"simple": one_of("LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH")}),
                        fields({"consistentHash": fields({"httpHeaderName": HEADER_NAME})}),
                    ]
                },
                "connectionPool": fields(
                    {
                        "tcp": fields({"maxConnections": whole(1, 2**31 - 1), "connectTimeout": text(SECONDS)}),
                        "http": fields({"http1MaxPendingRequests": whole(1, 2**31 - 1)}),
                    }
                ),
                "outlierDetection": fields(
                    {
                        "splitExternalLocalOriginErrors": {"type": "boolean"},
                        "consecutiveLocalOriginFailures": UINT32,
                        "consecutive5xxErrors": UINT32,
                        "consecutiveGatewayErrors": UINT32,
                        "interval": text(SECONDS),
                        "baseEjectionTime": text(SECONDS),
                        "maxEjectionPercent": whole(0, 100),
                    }
                ),
            }
        ),
    }
)
AUTHORIZATION_POLICY = fields(
    {
        "selector": fields({"matchLabels": {"type": "object", "additionalProperties": text(LABEL_VALUE, 63)}}),
        "action": one_of("ALLOW", "DENY", "AUDIT", "CUSTOM"),
        "rules": listed(
            fields(
                {
                    "from": listed(fields({"source": fields({"notNamespaces": listed(text(LABEL, 63))})})),
                    "to": listed(fields({"operation": fields({"ports": listed(text("^[0-9]{1,5}$"))})})),
                }
            )
        ),
    }
)

KINDS = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HTTP_ROUTE,
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"): REFERENCE_GRANT,
    ("networking.istio.io/v1", "VirtualService"): VIRTUAL_SERVICE,
    ("networking.istio.io/v1", "DestinationRule"): DESTINATION_RULE,
    ("security.istio.io/v1", "AuthorizationPolicy"): AUTHORIZATION_POLICY,
}
VALIDATORS = {
    (version, kind): Draft202012Validator(
        fields({"apiVersion": {"const": version}, "kind": {"const": kind}, "metadata": METADATA, "spec": spec})
    )
    for (version, kind), spec in KINDS.items()
}


def faults_of(objects: list[dict[str, Any]]) -> list[str]:
    """Return what a cluster would refuse, and what it would let pass although it cannot be meant."""
    faults = []
    names = Counter((one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]) for one in objects)
    faults += [f"{name}: {number} times" for name, number in names.items() if number > 1]
    for one in objects:
        where = f"{one['kind']} {one['metadata']['name']}"
        validator = VALIDATORS[one["apiVersion"], one["kind"]]
        faults += [f"{where}: {error.json_path}: {error.message}" for error in validator.iter_errors(one)]
        faults += [f"{where}: {fault}" for fault in _beyond_fields(one)]
    return faults


def _beyond_fields(one: dict[str, Any]) -> list[str]:
    """What the validation rules of the kinds say of several fields together."""
    spec = one["spec"]
    if one["kind"] == "HTTPRoute":
        total = sum(len(rule.get("matches", ())) for rule in spec["rules"])
        return [f"{total} matches, 128 at most"] if total > 128 else []
    if one["kind"] == "VirtualService":
        unmatched = [n for n, entry in enumerate(spec["http"]) if "match" not in entry]
        total = [sum(to["weight"] for to in entry["route"]) for entry in spec["http"] if "route" in entry]
        return [
            *(["only the last entry may match everything"] if unmatched not in ([], [len(spec["http"]) - 1]) else []),
            *(["weights make 100"] if set(total) - {100} else []),
        ]
    return []
