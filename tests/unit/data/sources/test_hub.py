"""Datasets of the hub, with a local folder in its place."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from huggingface_hub.errors import GatedRepoError, HTTPError, RepositoryNotFoundError

from fathom.base.errors import DataError
from fathom.data.sources.hub import CONVERTED, HubSource
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Position, Skips

FILES = {
    "data/train-00000.jsonl": '{"text": "a"}\nbroken\n{"text": "b"}\n',
    "data/train-00001.jsonl": '{"text": "c"}\n',
    "data/test-00000.jsonl": '{"text": "t"}\n',
    "train.py": "code is never read",
}


class FakeApi:
    def __init__(self, branches: dict[str | None, list[str]], error: Exception | None = None) -> None:
        self.branches = branches
        self.error = error

    def dataset_info(self, repo: str, *, revision: str | None, timeout: float) -> Any:
        if self.error:
            raise self.error
        files = [SimpleNamespace(rfilename=name) for name in self.branches[revision]]
        return SimpleNamespace(sha=f"commit-of-{revision}", siblings=files)


def source(tmp_path: Path, fetched: list[str], **options: Any) -> HubSource:
    def fetch(repo: str, file: str, commit: str) -> str:
        fetched.append(f"{repo}/{file}@{commit}")
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(FILES[file], encoding="utf-8")
        return str(path)

    options = {"api": FakeApi({None: list(FILES), "v1": list(FILES)})} | options
    return HubSource("owner/name", fetch=fetch, **options)


def test_files_are_fetched_when_they_are_reached(tmp_path: Path) -> None:
    fetched: list[str] = []
    skips = Skips()
    records = source(tmp_path, fetched).records(skips)
    first = next(records)
    assert (first.data, first.where) == ({"text": "a"}, "train-00000.jsonl:1")
    assert fetched == ["owner/name/data/train-00000.jsonl@commit-of-None"]
    assert [record.data["text"] for record in records] == ["b", "c"]
    assert [where for where, _ in skips.items] == ["train-00000.jsonl:2"]


def test_resuming_does_not_fetch_earlier_files(tmp_path: Path) -> None:
    fetched: list[str] = []
    records = list(source(tmp_path, []).records(Skips()))
    rest = list(source(tmp_path, fetched).records(Skips(), records[2].position))
    assert rest == records[2:]
    assert records[2].position == Position(1, 0)
    assert fetched == ["owner/name/data/train-00001.jsonl@commit-of-None"]


def test_it_is_pinned_to_a_commit(tmp_path: Path) -> None:
    assert source(tmp_path, [], revision="v1").describe() == {
        "kind": "hub",
        "name": "owner/name",
        "commit": "commit-of-v1",
        "files": ["data/train-00000.jsonl", "data/train-00001.jsonl"],
    }


def test_another_split_and_a_pattern(tmp_path: Path) -> None:
    assert source(tmp_path, [], split="test").describe()["files"] == ["data/test-00000.jsonl"]
    assert source(tmp_path, [], pattern="*1.jsonl").describe()["files"] == ["data/train-00001.jsonl"]


def test_the_hubs_own_conversion_is_the_second_choice(tmp_path: Path) -> None:
    api = FakeApi({None: ["script.py"], CONVERTED: ["default/train/0000.parquet"]})
    described = source(tmp_path, [], api=api).describe()
    assert (described["commit"], described["files"]) == (f"commit-of-{CONVERTED}", ["default/train/0000.parquet"])


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    api = FakeApi({None: ["script.py"], CONVERTED: []})
    with pytest.raises(DataError, match="none of the files of owner/name belong to the split 'train'"):
        source(tmp_path, [], api=api).describe()


RESPONSE = httpx.Response(404, request=httpx.Request("GET", "https://example.org"))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RepositoryNotFoundError("no", response=RESPONSE), "the hub has no dataset 'owner/name'"),
        (GatedRepoError("no", response=RESPONSE), "accept them at https://huggingface.co/datasets/owner/name"),
        (ConnectionError("no route"), "the hub cannot be reached for owner/name: no route; check the connection"),
    ],
)
def test_what_may_go_wrong(tmp_path: Path, error: Exception, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(source(tmp_path, [], api=FakeApi({}, error)).records(Skips()))


def test_a_transfer_that_breaks(tmp_path: Path) -> None:
    def fetch(repo: str, file: str, commit: str) -> str:
        raise HTTPError("cut off")

    broken = HubSource("owner/name", api=FakeApi({None: list(FILES)}), fetch=fetch)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="cut off"):
        next(broken.records(Skips()))


def test_names() -> None:
    named = open_source("hf:owner/name@abc:data/*.parquet")
    assert isinstance(named, HubSource)
    assert (named.name, named._revision, named._pattern) == ("owner/name", "abc", "data/*.parquet")
