"""The routing layer and extraction toolkit: takes a Django monolith apart one capability at a time, and back."""

__version__ = "0.1.0"
