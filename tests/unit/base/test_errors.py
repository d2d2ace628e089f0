from fathom.base.errors import CheckpointError, FathomError


def test_cause_and_remedy_are_apart_and_joined() -> None:
    error = CheckpointError("model.safetensors ends early", "download it again")
    assert isinstance(error, FathomError)
    assert (error.message, error.remedy) == ("model.safetensors ends early", "download it again")
    assert str(error) == "model.safetensors ends early; download it again"


def test_without_a_remedy_there_is_only_the_cause() -> None:
    assert str(FathomError("it broke")) == "it broke"
