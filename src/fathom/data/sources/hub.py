"""Datasets of the Hugging Face hub, pinned to a commit and read file by file.

The hub stores datasets as files, and converts most of them to parquet. Reading these files directly needs no dataset
library, runs none of a repository's code, and gives every record a position to resume from. A file is downloaded when
it is reached and stays in the cache of huggingface_hub: a resumed run downloads nothing twice, and a run that needs ten
thousand documents of a terabyte downloads the first file only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.errors import HTTPError as TransportError  # type: ignore[attr-defined]  # httpx's or httpx2's

from fathom.base.errors import DataError
from fathom.data.sources.json_file import JsonSource
from fathom.data.sources.parquet import ParquetSource
from fathom.data.sources.source import BEGINNING, DataSource, Position, Record, Skips
from fathom.data.sources.table import TableSource
from fathom.data.sources.text import TextSource

CONVERTED = "refs/convert/parquet"
"""The branch on which the hub keeps its own conversion to parquet."""

_READABLE = (".parquet", ".jsonl", ".jsonl.gz", ".txt", ".txt.gz")
_ALSO_READABLE = (".json", ".json.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""Taken where a dataset has nothing else, or a pattern names them: many have metadata in such files."""

Fetch = Callable[[str, str, str], str]
"""``fetch(repository, file, commit)`` downloads a file and returns its path."""


class HubSource:
    """The files of the dataset ``repo`` that match ``pattern`` (``data/train-*``; None: all whose path contains
    ``split``), ordered by name.

    ``revision`` None is the newest commit; `describe` returns the commit that was read.
    """

    def __init__(
        self,
        repo: str,
        *,
        revision: str | None = None,
        pattern: str | None = None,
        split: str = "train",
        api: HfApi | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self.name = repo
        self._revision = revision
        self._pattern = pattern
        self._split = split
        self._api = api or HfApi()
        self._fetch = fetch or _download

    def describe(self) -> dict[str, Any]:
        commit, files = self._listing
        return {"kind": "hub", "name": self.name, "commit": commit, "files": files}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        commit, files = self._listing
        for number in range(start.file, len(files)):
            try:
                path = Path(self._fetch(self.name, files[number], commit))
            except (TransportError, OSError) as error:
                raise _network_error(self.name, error) from error
            row = start.row if number == start.file else 0
            yield from _reader(path).records(skips, Position(number, row))

    @cached_property
    def _listing(self) -> tuple[str, list[str]]:
        """The commit, and its matching files."""
        commit, files = self._list(self._revision)
        if not files and self._revision is None:
            commit, files = self._list(CONVERTED)
        if not files:
            wanted = f"match {self._pattern!r}" if self._pattern else f"belong to the split {self._split!r}"
            raise DataError(
                f"none of the files of {self.name} {wanted} and are parquet, JSON, tables or text",
                "name them with a pattern, such as data/*.parquet",
            )
        return commit, files

    def _list(self, revision: str | None) -> tuple[str, list[str]]:
        try:
            info = self._api.dataset_info(self.name, revision=revision, timeout=30)
        except HFValidationError as error:
            raise DataError(f"{self.name!r} is not the name of a dataset", "write it as owner/name") from error
        except GatedRepoError as error:
            raise DataError(
                f"{self.name} requires that you accept its conditions",
                f"accept them at https://huggingface.co/datasets/{self.name}, and log in with: hf auth login",
            ) from error
        except RepositoryNotFoundError as error:
            raise DataError(f"the hub has no dataset {self.name!r}, or it is private", "check the spelling") from error
        except (TransportError, OSError) as error:
            if revision == CONVERTED:  # most datasets have none
                return "", []
            raise _network_error(self.name, error) from error
        names = sorted(sibling.rfilename for sibling in info.siblings or ())
        files = [name for name in names if self._matches(name)]
        common = [name for name in files if name.endswith(_READABLE)]
        return info.sha or "", files if self._pattern else common or files

    def _matches(self, file: str) -> bool:
        if not file.endswith(_READABLE + _ALSO_READABLE):
            return False
        return fnmatch(file, self._pattern) if self._pattern else self._split in file


def _reader(path: Path) -> DataSource:
    if path.suffix == ".parquet":
        return ParquetSource(path)
    if {".csv", ".tsv"} & set(path.suffixes):
        return TableSource(path)
    return JsonSource(path) if {".jsonl", ".json"} & set(path.suffixes) else TextSource(path)


def _download(repo: str, file: str, commit: str) -> str:
    return str(hf_hub_download(repo, file, repo_type="dataset", revision=commit))


def _network_error(repo: str, error: Exception) -> DataError:
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    reason = f"the hub answered {status} for {repo}" if status else f"the hub cannot be reached for {repo}: {error}"
    return DataError(reason, "check the connection and run again: files in the cache are not downloaded twice")
