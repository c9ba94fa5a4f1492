"""Forward: the middleware that is the router, always on in both homes."""

from strangler.proxy.middleware import StranglerMiddleware

__all__ = ["StranglerMiddleware"]
