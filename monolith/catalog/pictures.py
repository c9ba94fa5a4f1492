"""
Product pictures, drawn: a flat illustration for the kind of thing, in colours of the product's own.

The same product has the same picture in every home and on every machine; nothing is stored or fetched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_COLOUR = re.compile("#[0-9a-f]{6}")

# background, its pattern, light, main, dark, accent. The motifs are drawn in the first one.
_PALETTES = (
    ("#fdf1e4", "#fbe3cb", "#f7b267", "#f4845f", "#9c3d2a", "#2a9d8f"),
    ("#e8f3f1", "#d3e8e4", "#84c5bb", "#2a9d8f", "#1d5c55", "#e9c46a"),
    ("#eaf0fb", "#d6e2f7", "#8fb3ee", "#4a7fd6", "#26457c", "#f4a261"),
    ("#f6ecf8", "#ecd8f0", "#cf9bdb", "#9d4edd", "#54278f", "#ffca3a"),
    ("#fdecef", "#fad5dc", "#f29cae", "#e0526f", "#86253a", "#3d9fb0"),
    ("#f1f6e6", "#e1ecc9", "#b2d178", "#7aa93c", "#425f1c", "#e76f51"),
    ("#fff6dd", "#ffebb5", "#ffd166", "#f0a202", "#8a5a00", "#3b6ea5"),
    ("#e7f5fb", "#cbe8f5", "#7cc6e6", "#1f8fc0", "#12516d", "#ff7b6b"),
    ("#f2efea", "#e3dcd1", "#c4b39b", "#8d7558", "#4d3d2a", "#c8553d"),
    ("#eef0f3", "#dbe0e7", "#a3b0c2", "#5f7190", "#333f55", "#f25f5c"),
)
_PATTERNS = (
    '<circle cx="70" cy="90" r="110" fill="#fbe3cb"/><circle cx="350" cy="330" r="130" fill="#fbe3cb"/>',
    '<path d="M0 270Q100 210 200 270T400 270V400H0Z" fill="#fbe3cb"/>',
    '<path d="M0 400L400 0V170L170 400Z" fill="#fbe3cb"/>',
    '<circle cx="200" cy="200" r="160" fill="#fbe3cb"/>',
    '<rect x="48" y="48" width="304" height="304" rx="60" fill="#fbe3cb"/>',
)
_BY_CATEGORY = {
    "home-kitchen": "mug", "cookware": "pot", "lighting": "lamp", "cushions-throws": "cushion", "storage-jars": "jar",
    "electronics": "laptop", "headphones": "headphones", "phones": "phone", "cameras": "camera", "speakers": "speaker",
    "clothing": "shirt", "knitwear": "sweater", "shoes": "shoe", "hats": "hat", "bags": "bag",
    "books": "book",
    "sports-outdoors": "tent", "cycling": "bike", "ball-games": "ball", "running": "shoe", "backpacks": "bag",
    "garden": "plant", "watering": "can", "garden-tools": "hammer", "garden-lighting": "lamp",
    "toys-games": "blocks", "soft-toys": "bear", "space-toys": "rocket", "outdoor-toys": "ball",
    "beauty": "bottle", "face-cream": "jar", "candles": "jar",
    "tools": "hammer", "power-tools": "drill", "tool-bags": "bag",
}  # fmt: skip


def draw(*, product_id: str, name: str, category_path: str) -> str:
    """
    Return an SVG of 400 by 400.

    Args:
        category_path: slugs from the root; the nearest one with a motif decides, a parcel when none has.
    """
    digest = hashlib.sha256(product_id.encode()).digest()
    palette = _pick(_PALETTES, digest[0])
    picture = _pick(_PATTERNS, digest[1]) + _shapes(_motif(category_path))
    colours = dict(zip(_PALETTES[0], palette, strict=True))
    picture = _COLOUR.sub(lambda drawn: colours.get(drawn.group(), drawn.group()), picture)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400" role="img">'
        f'<title>{escape(name)}</title><rect width="400" height="400" fill="{palette[0]}"/>{picture}</svg>'
    )


def _motif(category_path: str) -> str:
    for slug in reversed(category_path.split("/")):
        if slug in _BY_CATEGORY:
            return _BY_CATEGORY[slug]
    return "parcel"


@cache
def _shapes(motif: str) -> str:
    """The inside of a drawing, on one line."""
    drawing = (Path(__file__).parent / "motifs" / f"{motif}.svg").read_text()
    return "".join(line.strip() for line in drawing.splitlines()[1:-1])


def _pick(options: Sequence[T], number: int) -> T:
    return options[number % len(options)]
