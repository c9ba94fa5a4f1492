from decimal import Decimal  # noqa: F401

from shop.kernel import ids  # noqa: F401
from strangler.contract import Port  # noqa: F401
