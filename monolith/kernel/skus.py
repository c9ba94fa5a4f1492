"""The word by which every app knows a thing that is sold."""

SKU_LENGTH_MAX = 64
SKU = rf"[A-Z0-9][A-Z0-9._-]{{0,{SKU_LENGTH_MAX - 1}}}"
"""As part of a pattern: of a path, say."""
SKU_PATTERN = rf"^{SKU}$"
