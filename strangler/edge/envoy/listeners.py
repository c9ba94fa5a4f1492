"""The listeners: what is believed of a request that comes in, and what is written down of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strangler.conf import Conf
from strangler.edge.envoy import names
from strangler.edge.envoy.clusters import address
from strangler.edge.envoy.names import type_url
from strangler.edge.envoy.options import Options
from strangler.transport.headers import RESERVED_PREFIX

Json = dict[str, Any]
_HTTP = "envoy.extensions.filters.network.http_connection_manager.v3"
_LUA = Path(__file__).with_name("subject.lua")
_HEAD_S, _IDLE_S, _STREAMS_MAX, _HEAD_KB = 10, 75, 100, 60
# Fields by which a home would learn who asked, were they ours, and Envoy's own orders to itself.
_NEVER_FROM_OUTSIDE = (
    "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server", "x-forwarded-prefix",
    "x-forwarded-ssl", "x-forwarded-scheme", "proxy",
)  # fmt: skip


def listeners(conf: Conf, options: Options) -> list[Json]:
    """Return the public listener and the internal one."""
    return [
        _listener(names.PUBLIC, options.listen, conf, options, tls=bool(options.certificate)),
        _listener(names.INTERNAL, options.internal, conf, options, tls=False),
    ]


def _listener(name: str, where: str, conf: Conf, options: Options, *, tls: bool) -> Json:
    host, _, port = where.rpartition(":")
    manager = {"name": "http", "typed_config": _manager(name, conf, options)}
    chain: Json = {"filters": [manager]}
    if tls:
        chain["transport_socket"] = _tls(options)
    return {
        "name": name,
        "address": address(host, int(port)),
        "per_connection_buffer_limit_bytes": 1 << 20,
        "filter_chains": [chain],
    }


def _manager(name: str, conf: Conf, options: Options) -> Json:
    manager: Json = {
        "@type": type_url(f"{_HTTP}.HttpConnectionManager"),
        "stat_prefix": name,
        "codec_type": "AUTO",  # HTTP/1.1, and HTTP/2 by ALPN or with prior knowledge
        "rds": {"route_config_name": name, "config_source": _routes(name, options)},
        "http_filters": list(_filters(name, conf, options)),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "use_remote_address": True,
        "xff_num_trusted_hops": options.trusted_hops,
        "internal_address_config": {"cidr_ranges": []},  # nobody's x-envoy-* are obeyed for where they come from
        "early_header_mutation_extensions": [_early(options)],
        "via": "1.1 strangler-edge",
        "server_header_transformation": "PASS_THROUGH",
        "normalize_path": False,  # the middleware decides by the path as it came
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "common_http_protocol_options": {
            "idle_timeout": f"{_IDLE_S}s",
            "headers_with_underscores_action": "DROP_HEADER",  # WSGI takes them for those with a hyphen
        },
        "http2_protocol_options": {"max_concurrent_streams": _STREAMS_MAX},
        "max_request_headers_kb": _HEAD_KB,
        "request_headers_timeout": f"{_HEAD_S}s",
        "always_set_request_id_in_response": False,
    }
    if options.access_log:
        manager["access_log"] = [_access_log(name, options)]
    if options.traces:
        manager["tracing"] = _tracing(options)
    return manager


def _routes(name: str, options: Options) -> Json:
    path = {"path": str(options.folder / names.routes_file(name)), "watched_directory": {"path": str(options.folder)}}
    return {"resource_api_version": "V3", "path_config_source": path}


def _early(options: Options) -> Json:
    """Take away, before anything looks at it, what only a router may say."""
    removed: list[Json] = [{"safe_regex": {"regex": _reserved_but_override()}}, {"prefix": "x-envoy-"}]
    removed += [{"exact": field} for field in _NEVER_FROM_OUTSIDE]
    if not options.trusted_hops:
        removed.append({"exact": "x-forwarded-for"})
    return {
        "name": "trust",
        "typed_config": {
            "@type": type_url("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"),
            "mutations": [{"remove_on_match": {"key_matcher": matcher}} for matcher in removed],
        },
    }


def _reserved_but_override() -> str:
    """Return a pattern of all fields of the router's but the override, whose signature a home verifies."""
    kept = names.OVERRIDE_HEADER.removeprefix(RESERVED_PREFIX)
    others = [f"{kept[:n]}([^{kept[n]}].*)?" for n in range(len(kept))]
    return f"{RESERVED_PREFIX}({'|'.join([*others, f'{kept}.+'])})"


def _filters(name: str, conf: Conf, options: Options) -> Any:
    if options.requests_per_s:
        yield _limit(name, options.requests_per_s)
    if conf.subject_jwks:
        yield _jwt(conf.subject_jwks, conf)
    lua = type_url("envoy.extensions.filters.http.lua.v3.Lua")
    source = {names.BY_COOKIE: {"inline_string": _LUA.read_text()}}
    yield {"name": names.LUA, "typed_config": {"@type": lua, "source_codes": source}}
    router = {"@type": type_url("envoy.extensions.filters.http.router.v3.Router"), "suppress_envoy_headers": True}
    yield {"name": names.ROUTER, "typed_config": router}


def _limit(name: str, per_s: int) -> Json:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "name": names.LIMIT,
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"),
            "stat_prefix": name,
            "token_bucket": {"max_tokens": per_s, "tokens_per_fill": per_s, "fill_interval": "1s"},
            "filter_enabled": always,
            "filter_enforced": always,
            "response_headers_to_add": [{"header": {"key": "retry-after", "value": "1"}}],
        },
    }


def _jwt(source: str, conf: Conf) -> Json:
    provider: Json = {
        "forward": True,
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "claim_to_headers": [{"header_name": names.SUBJECT_HEADER, "claim_name": "sub"}],
        "clock_skew_seconds": 1,
        "clear_route_cache": True,
        **_keys(source),
    }
    if conf.subject_issuer:
        provider["issuer"] = conf.subject_issuer
    if conf.subject_audience:
        provider["audiences"] = [conf.subject_audience]
    anyway = {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing_or_failed": {}}]}}
    return {
        "name": names.JWT,
        "typed_config": {
            "@type": type_url("envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"),
            "providers": {"issuer": provider},
            "requirement_map": {names.BY_COOKIE: anyway},
        },
    }


def _keys(source: str) -> Json:
    """A file is read when Envoy starts; after a rotation a home finds out the subject, until Envoy starts anew."""
    if source.startswith(("http://", "https://")):
        asked = {"uri": source, "cluster": names.KEYS, "timeout": "2s"}
        return {"remote_jwks": {"http_uri": asked, "cache_duration": "60s", "async_fetch": {"fast_listener": True}}}
    file = Path(source)
    text = file.read_text() if file.exists() else '{"keys": []}'
    return {"local_jwks": {"inline_string": text}}


def _access_log(name: str, options: Options) -> Json:
    fields = {
        "time": "%START_TIME%", "listener": name, "host": "%REQUEST_HEADER(:AUTHORITY)%",
        "method": "%REQUEST_HEADER(:METHOD)%", "path": "%PATH(NQ)%", "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%", "why": "%RESPONSE_CODE_DETAILS%", "flags": "%RESPONSE_FLAGS%",
        "cluster": "%UPSTREAM_CLUSTER%", "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "home": "%RESPONSE_HEADER(STRANGLER-HOME)%", "duration_ms": "%DURATION%",
        "request_bytes": "%BYTES_RECEIVED%", "response_bytes": "%BYTES_SENT%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "request_id": "%REQUEST_HEADER(X-REQUEST-ID)%",
        "traceparent": "%REQUEST_HEADER(TRACEPARENT)%",
    }  # fmt: skip
    log = type_url("envoy.extensions.access_loggers.file.v3.FileAccessLog")
    config = {"@type": log, "path": options.access_log, "log_format": {"json_format": fields}}
    return {"name": "file", "typed_config": config}


def _tracing(options: Options) -> Json:
    asked = {"uri": f"{options.traces.rstrip('/')}/v1/traces", "cluster": names.TRACES, "timeout": "1s"}
    return {
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": type_url("envoy.config.trace.v3.OpenTelemetryConfig"),
                "http_service": {"http_uri": asked},
                "service_name": "edge",
            },
        }
    }


def _tls(options: Options) -> Json:
    pair = {"certificate_chain": {"filename": options.certificate}, "private_key": {"filename": options.private_key}}
    return {
        "name": "tls",
        "typed_config": {
            "@type": type_url("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [pair],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            },
        },
    }
