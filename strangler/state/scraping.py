"""Figures that are asked for when somebody scrapes them, in the registry that django-prometheus serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

try:
    from prometheus_client import REGISTRY
    from prometheus_client.core import GaugeMetricFamily
except ImportError:  # without it nothing is counted
    REGISTRY = GaugeMetricFamily = None  # type: ignore[assignment,misc]

Sample = tuple[str, list[str], float]
"""The name of a gauge, the values of its labels, and the figure."""

_registered: set[str] = set()


class _Collector:
    def __init__(self, texts: dict[str, str], labels: list[str], samples: Callable[[], Iterator[Sample]]) -> None:
        self.texts = texts
        self.labels = labels
        self.samples = samples

    def describe(self) -> Iterator[Any]:
        """Yield nothing: the registry must not ask databases when it is told of the collector."""
        return iter(())

    def collect(self) -> Iterator[Any]:
        """Yield a gauge for each figure, with the samples that there are now."""
        gauges = {name: GaugeMetricFamily(name, text, labels=self.labels) for name, text in self.texts.items()}
        for name, values, figure in self.samples():
            gauges[name].add_metric(values, figure)
        yield from gauges.values()


def register_gauges(
    name: str, texts: dict[str, str], labels: list[str], samples: Callable[[], Iterator[Sample]]
) -> None:
    """
    Let scrapes include gauges, once for each *name*.

    Args:
        texts: what each gauge means, by its name.
        samples: asks for all figures, at each scrape.
    """
    if REGISTRY is not None and name not in _registered:
        REGISTRY.register(_Collector(texts, labels, samples))
        _registered.add(name)
