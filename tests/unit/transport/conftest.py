from tests.integration.proxy.conftest import upstream

__all__ = ["upstream"]
