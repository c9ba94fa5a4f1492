"""Words of the seed: categories, what is sold in each, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COLORS = (
    "Ash",
    "Black",
    "Clay",
    "Cobalt",
    "Coral",
    "Forest",
    "Ivory",
    "Lemon",
    "Moss",
    "Plum",
    "Rust",
    "Sand",
    "Sky",
    "Slate",
)
SIZES = ("XS", "S", "M", "L", "XL")
SHOE_SIZES = ("38", "39", "40", "41", "42", "43", "44")
SERIES = (
    "Alba", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Harbor", "Isle", "Juniper", "Kestrel", "Lumen",
    "Meadow", "North", "Orchard", "Pine", "Quarry", "Ridge", "Saga", "Tide", "Umber", "Vale", "Willow", "Zephyr",
)  # fmt: skip
_Range = tuple[int, int]


@dataclass(frozen=True)
class Leaf:
    """
    What one category sells.

    Attributes:
        nouns, traits: a name is a trait and a noun, such as "Stoneware Mug".
        price: of the plainest and of the finest variant, in US cents.
        weight_g: of the lightest and of the heaviest.
        axis: attribute by which variants differ, and its values from small to large.
    """

    slug: str
    name: str
    nouns: Sequence[str]
    traits: Sequence[str]
    price: _Range
    weight_g: _Range
    axis: tuple[str, Sequence[str]] = field(default=("color", COLORS))


@dataclass(frozen=True)
class Root:
    """A department, the brands in it, and its categories."""

    slug: str
    name: str
    brands: Sequence[str]
    leaves: Sequence[Leaf]


def _leaf(
    slug: str,
    name: str,
    nouns: str,
    traits: str,
    price: tuple[int, int],
    weight_g: tuple[int, int],
    axis: str = "color",
) -> Leaf:
    values = _AXES[axis]
    return Leaf(slug, name, nouns.split(", "), traits.split(", "), price, weight_g, (axis, values))


_AXES: Mapping[str, Sequence[str]] = {
    "color": COLORS,
    "size": SIZES,
    "shoe_size": SHOE_SIZES,
    "volume": ("50 ml", "100 ml", "250 ml", "500 ml"),
    "capacity": ("64 GB", "128 GB", "256 GB", "512 GB"),
    "format": ("Paperback", "Hardcover", "Audio CD"),
    "pieces": ("50 pieces", "100 pieces", "250 pieces", "500 pieces"),
    "diameter": ("16 cm", "20 cm", "24 cm", "28 cm"),
}

ROOTS: Sequence[Root] = (
    Root(
        "home-kitchen",
        "Home & Kitchen",
        ("Halden", "Tavola", "Marrow & Co", "Ostra", "Kilnhouse"),
        (
            _leaf(
                "mugs-cups",
                "Mugs & Cups",
                "Mug, Cup, Espresso Cup, Travel Mug",
                "Stoneware, Enamel, Porcelain, Speckled, Double-Wall",
                (900, 3400),
                (180, 520),
            ),
            _leaf(
                "cookware",
                "Cookware",
                "Saucepan, Stockpot, Frying Pan, Casserole",
                "Cast-Iron, Copper, Nonstick, Stainless",
                (2900, 18900),
                (700, 4200),
                "diameter",
            ),
            _leaf(
                "lighting",
                "Lighting",
                "Table Lamp, Floor Lamp, Pendant, Desk Lamp",
                "Linen, Brass, Rattan, Opal, Folded",
                (3900, 24900),
                (600, 5200),
            ),
            _leaf(
                "cushions-throws",
                "Cushions & Throws",
                "Cushion, Throw, Bolster, Floor Cushion",
                "Wool, Linen, Velvet, Quilted, Woven",
                (1900, 8900),
                (300, 1600),
            ),
            _leaf(
                "storage-jars",
                "Storage & Jars",
                "Storage Jar, Canister, Bread Bin, Spice Jar",
                "Glass, Cork, Ceramic, Airtight",
                (700, 4500),
                (250, 1900),
            ),
        ),
    ),
    Root(
        "electronics",
        "Electronics",
        ("Norvik", "Auralis", "Pixelo", "Voltan", "Sonder"),
        (
            _leaf(
                "headphones",
                "Headphones",
                "Headphones, Earbuds, Headset",
                "Wireless, Noise-Cancelling, Studio, Over-Ear",
                (3900, 39900),
                (20, 350),
            ),
            _leaf(
                "phones",
                "Phones",
                "Phone, Phone Mini, Phone Max",
                "Compact, Rugged, Slim, Dual-Camera",
                (24900, 119900),
                (140, 240),
                "capacity",
            ),
            _leaf(
                "laptops",
                "Laptops",
                "Laptop, Ultrabook, Notebook, Convertible",
                "14-Inch, 16-Inch, Fanless, Workstation",
                (59900, 289900),
                (900, 2400),
                "capacity",
            ),
            _leaf(
                "cameras",
                "Cameras",
                "Camera, Compact Camera, Action Camera",
                "Mirrorless, Instant, Waterproof, Full-Frame",
                (8900, 249900),
                (120, 980),
            ),
            _leaf(
                "speakers",
                "Speakers",
                "Speaker, Soundbar, Radio",
                "Portable, Bookshelf, Smart, Retro",
                (4900, 69900),
                (400, 7200),
            ),
        ),
    ),
    Root(
        "clothing",
        "Clothing",
        ("Weft & Warp", "Lindqvist", "Thorn", "Common Thread", "Marlowe"),
        (
            _leaf(
                "shirts",
                "Shirts",
                "Shirt, T-Shirt, Polo, Overshirt",
                "Organic Cotton, Oxford, Flannel, Striped",
                (1900, 8900),
                (120, 420),
                "size",
            ),
            _leaf(
                "knitwear",
                "Knitwear",
                "Sweater, Cardigan, Pullover, Vest",
                "Merino, Lambswool, Cable-Knit, Ribbed",
                (4900, 19900),
                (250, 800),
                "size",
            ),
            _leaf(
                "shoes",
                "Shoes",
                "Sneaker, Boot, Loafer, Sandal",
                "Leather, Canvas, Suede, Recycled",
                (4900, 24900),
                (400, 1400),
                "shoe_size",
            ),
            _leaf(
                "hats", "Hats", "Hat, Beanie, Cap, Sun Hat", "Felt, Wool, Straw, Waxed", (1500, 8900), (60, 240), "size"
            ),
            _leaf(
                "bags",
                "Bags",
                "Tote, Satchel, Shoulder Bag, Weekender",
                "Canvas, Leather, Waxed, Quilted",
                (2900, 32900),
                (250, 1800),
            ),
        ),
    ),
    Root(
        "books",
        "Books",
        ("Lantern Press", "Greywater", "Foxglove", "Meridian House"),
        (
            _leaf(
                "fiction",
                "Fiction",
                "Novel, Stories, Trilogy",
                "A Quiet, The Last, A Northern, The Glass",
                (999, 3499),
                (200, 900),
                "format",
            ),
            _leaf(
                "cooking",
                "Cooking",
                "Cookbook, Baking Book, Kitchen Diary",
                "The Seasonal, The Simple, The Sunday, The Vegetable",
                (1499, 4999),
                (500, 1500),
                "format",
            ),
            _leaf(
                "travel",
                "Travel",
                "Atlas, Guide, Travelogue",
                "Walking, Island, Mountain, Slow",
                (1299, 5999),
                (250, 1800),
                "format",
            ),
            _leaf(
                "science",
                "Science",
                "Primer, History, Essays",
                "Oceans, Stars, Numbers, Forests",
                (1499, 5499),
                (300, 1100),
                "format",
            ),
            _leaf(
                "childrens-books",
                "Children's Books",
                "Picture Book, Bedtime Stories, Activity Book",
                "Little, Big, Brave, Sleepy",
                (799, 2499),
                (150, 700),
                "format",
            ),
        ),
    ),
    Root(
        "sports-outdoors",
        "Sports & Outdoors",
        ("Tarn", "Highmark", "Pace", "Granite", "Outbound"),
        (
            _leaf(
                "camping",
                "Camping",
                "Tent, Tarp, Sleeping Bag, Camp Chair",
                "Two-Person, Ultralight, Four-Season, Family",
                (4900, 59900),
                (700, 6200),
            ),
            _leaf(
                "cycling",
                "Cycling",
                "City Bike, Helmet, Saddle, Pannier",
                "Touring, Steel, Urban, Aero",
                (2900, 149900),
                (250, 14000),
            ),
            _leaf(
                "ball-games",
                "Ball Games",
                "Football, Basketball, Volleyball, Racket",
                "Match, Training, Street, Indoor",
                (1200, 12900),
                (150, 700),
            ),
            _leaf(
                "running",
                "Running",
                "Running Shoe, Trail Shoe, Spike",
                "Cushioned, Light, Stable, Winter",
                (7900, 21900),
                (180, 380),
                "shoe_size",
            ),
            _leaf(
                "backpacks",
                "Backpacks",
                "Backpack, Daypack, Rucksack, Hip Pack",
                "20 L, 35 L, 50 L, Roll-Top",
                (2900, 28900),
                (300, 2300),
            ),
        ),
    ),
    Root(
        "garden",
        "Garden",
        ("Fernhill", "Loam", "Old Mill", "Greenholt"),
        (
            _leaf(
                "plants",
                "Plants",
                "Fern, Monstera, Olive Tree, Fig",
                "Potted, Young, Hanging, Trailing",
                (900, 8900),
                (300, 7000),
            ),
            _leaf(
                "planters",
                "Planters",
                "Planter, Pot, Window Box, Trough",
                "Terracotta, Zinc, Glazed, Oak",
                (900, 12900),
                (400, 9000),
                "diameter",
            ),
            _leaf(
                "watering",
                "Watering",
                "Watering Can, Hose, Sprinkler, Mister",
                "Galvanised, Copper, Long-Reach, Enamel",
                (1400, 8900),
                (300, 2900),
            ),
            _leaf(
                "garden-tools",
                "Garden Tools",
                "Trowel, Spade, Secateurs, Rake",
                "Forged, Ash-Handled, Stainless, Japanese",
                (1200, 9900),
                (150, 2400),
            ),
            _leaf(
                "garden-lighting",
                "Garden Lighting",
                "Lantern, Path Light, String Lights",
                "Solar, Brass, Festoon, Weatherproof",
                (1900, 14900),
                (200, 2600),
            ),
        ),
    ),
    Root(
        "toys-games",
        "Toys & Games",
        ("Pim & Pom", "Brickwell", "Wonderkin", "Tumble"),
        (
            _leaf(
                "building-blocks",
                "Building Blocks",
                "Blocks, Castle Set, Marble Run, Train Set",
                "Wooden, Magnetic, Giant, Rainbow",
                (1400, 14900),
                (400, 3900),
                "pieces",
            ),
            _leaf(
                "soft-toys",
                "Soft Toys",
                "Bear, Rabbit, Fox, Whale",
                "Cuddly, Knitted, Sleepy, Tiny",
                (900, 5900),
                (80, 900),
            ),
            _leaf(
                "space-toys",
                "Space Toys",
                "Rocket, Moon Rover, Space Station, Planet Set",
                "Clockwork, Glow, Wooden, Launching",
                (1200, 8900),
                (150, 1900),
            ),
            _leaf(
                "puzzles",
                "Puzzles",
                "Puzzle, Brain Teaser, Floor Puzzle",
                "Panorama, Animal, World Map, Wooden",
                (900, 4900),
                (200, 1500),
                "pieces",
            ),
            _leaf(
                "outdoor-toys",
                "Outdoor Toys",
                "Kite, Skipping Rope, Beach Ball, Frisbee",
                "Stunt, Giant, Rainbow, Folding",
                (700, 5900),
                (60, 900),
            ),
        ),
    ),
    Root(
        "beauty",
        "Beauty",
        ("Solstice", "Marram", "Petal & Rye", "Northlight"),
        (
            _leaf(
                "hair-care",
                "Hair Care",
                "Shampoo, Conditioner, Hair Oil",
                "Oat, Nettle, Rosemary, Argan",
                (900, 4900),
                (80, 560),
                "volume",
            ),
            _leaf(
                "face-cream",
                "Face Cream",
                "Day Cream, Night Cream, Balm",
                "Calendula, Sea Buckthorn, Oat, Aloe",
                (1400, 8900),
                (40, 160),
                "volume",
            ),
            _leaf(
                "candles",
                "Candles",
                "Candle, Scented Candle, Wax Melt",
                "Cedar, Fig, Beeswax, Amber",
                (900, 6900),
                (120, 900),
            ),
            _leaf(
                "perfume",
                "Perfume",
                "Eau de Parfum, Cologne, Body Mist",
                "Vetiver, Neroli, Iris, Salt",
                (2900, 18900),
                (90, 420),
                "volume",
            ),
            _leaf(
                "soap",
                "Soap",
                "Hand Wash, Body Wash, Shower Oil",
                "Olive, Mint, Lavender, Charcoal",
                (500, 3900),
                (90, 620),
                "volume",
            ),
        ),
    ),
    Root(
        "tools",
        "Tools",
        ("Ironbark", "Hask", "Millwright", "Torq"),
        (
            _leaf(
                "hand-tools",
                "Hand Tools",
                "Hammer, Mallet, Chisel, Wrench",
                "Forged, Hickory, Compact, Fibreglass",
                (900, 8900),
                (150, 1600),
            ),
            _leaf(
                "power-tools",
                "Power Tools",
                "Drill, Driver, Jigsaw, Sander",
                "Cordless, Brushless, 18 V, Compact",
                (4900, 39900),
                (800, 3900),
            ),
            _leaf(
                "tool-bags",
                "Tool Bags",
                "Tool Bag, Tool Roll, Tool Belt",
                "Canvas, Waxed, Heavy-Duty, Leather",
                (2900, 14900),
                (300, 2600),
            ),
        ),
    ),
)
