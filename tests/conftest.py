"""What holds for every test: no verdict depends on how busy the machine is."""

import pytest
from compiler import require_kernels
from hypothesis import HealthCheck, settings

settings.register_profile("fathom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fathom")


@pytest.fixture(scope="session")
def kernels() -> None:
    """The compiled kernels. Tests that need them ask for it: see ``require_kernels``."""
    require_kernels()
