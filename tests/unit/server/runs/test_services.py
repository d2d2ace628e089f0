from run_harness import MemoryStore, Process
from scripted import Script

from fathom.server.runs.services import RunServices


def test_a_run_needs_a_log_a_model_and_its_messages():
    services = Process(MemoryStore(), Script()).services
    assert isinstance(services, RunServices)
    assert (services.toolbox, services.providers, services.check_citations) == (None, (), None)
