"""Real servers for a shop of real processes."""

from __future__ import annotations

from tests.support.fixtures import cluster, start_platform, unwound_by_sigterm, valkey

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
