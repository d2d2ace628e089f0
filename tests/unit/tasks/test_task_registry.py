import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.registry import TASKS, get
from fathom.tasks.task import Task


def test_names_lead_to_tasks() -> None:
    assert get("countdown", count=4).name == "countdown-4"
    assert get("countdown-3").name == "countdown-3"
    assert get("arithmetic", length=7).name == "arithmetic-7"
    assert isinstance(get("countdown-4"), Task)


def test_an_unknown_name_says_which_was_meant() -> None:
    with pytest.raises(ConfigError, match="no task is called 'countdwn'; did you mean 'countdown'"):
        get("countdwn")
    with pytest.raises(ConfigError, match=f"there are {', '.join(sorted(TASKS))}"):
        get("poetry")


def test_an_unknown_option_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match="task 'arithmetic' has no option 'lenght'; its options are length, largest"):
        get("arithmetic", lenght=3)
