import pytest

from fathom.base.errors import ConfigError
from fathom.engine.config import EngineConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"page_size": 0}, "page_size is 0; choose at least 1"),
        ({"max_sequences": -1}, "max_sequences is -1; choose at least 1"),
        ({"max_context": 0}, "max_context is 0; choose at least 1, or leave it out"),
        ({"num_pages": 0}, "num_pages is 0"),
        ({"max_queue": -1}, "max_queue is -1; choose at least 0"),
        ({"max_batch_tokens": 8, "max_sequences": 9}, "max_batch_tokens 8 is less than max_sequences 9; every running"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        EngineConfig(**values)
