"""What holds for every test: no verdict depends on how busy the machine is, and processes share its cores."""

import os
import tempfile

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from compiler import require_kernels
from hypothesis import HealthCheck, settings

settings.register_profile("fathom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fathom")

DATA = tempfile.TemporaryDirectory(prefix="fathom-tests-")
os.environ["FATHOM_DATA_DIR"] = DATA.name  # no test writes among a user's conversations, nor do its processes
os.environ.pop("FATHOM_DATABASE_URL", None)


@pytest.fixture(scope="session")
def kernels() -> None:
    """The compiled kernels. Tests that need them ask for it: see ``require_kernels``."""
    require_kernels()
