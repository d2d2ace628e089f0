"""Fetching models: ``pull`` brings a repository of the Hugging Face hub into Fathom's own directory.

``huggingface_hub`` knows the repository, the login, the proxy and the endpoint; the bytes of a file are received here,
because a download of gigabytes must survive its process: what has arrived is kept under a name that holds the file's
identity, and the next pull asks for the rest. Every file is checked against the hash that the hub states.

Only data is fetched: safetensors or GGUF, JSON, tokenizers, templates, the card and the licence. Neither pickled
weights nor code are, and nothing of a repository is ever executed.
"""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.errors import HTTPError as TransportError  # type: ignore[attr-defined]  # httpx's or httpx2's
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

from fathom.base.errors import CheckpointError, FathomError, ModelNotFoundError
from fathom.base.progress import Report, human_bytes, silent
from fathom.checkpoint.hub import registry
from fathom.checkpoint.hub.files import RemoteFile, choose, split_name
from fathom.checkpoint.resolve import (
    EMBEDDED_NAMES,
    INCOMPLETE,
    find_embedded,
    from_path,
    pulled_dir,
)

_MANIFEST = ".fathom-pull.json"
_LOCK = ".fathom-pull.lock"
_ATTEMPTS = 5
_MAKE_ROOM = "free some space, or set FATHOM_HOME to a larger disk"


@dataclass(frozen=True, slots=True)
class _Remote:
    """A repository at one commit."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]
    endpoint: str | None

    def url(self, file: RemoteFile) -> str:
        return hf_hub_url(self.repo, file.name, revision=self.commit, endpoint=self.endpoint)


def pull(
    name: str,
    progress: Report | None = None,
    *,
    endpoint: str | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch a model by its short name, or ``ORGANIZATION/MODEL``, or ``ORGANIZATION/MODEL:Q4_K_M`` for one of several
    GGUF files; what is there already is not fetched again. Returns what ``open_bundle`` opens.

    ``endpoint`` None is the hub's own, or ``HF_ENDPOINT``. Raises ModelNotFoundError for a wrong or closed name, and
    CheckpointError for a broken connection, a full disk or a damaged file, each with its remedy.
    """
    report = progress or silent
    if name.lower() in EMBEDDED_NAMES:
        return find_embedded()
    known = registry.RECOMMENDED.get(name.lower())
    repo, variant = split_name(known.repo if known else name)
    report(f"looking up {repo}", None)
    remote = _look_up(repo, variant, name, endpoint, known.revision if known else None)
    directory = pulled_dir(f"{repo}:{variant}" if variant else repo)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / _LOCK, timeout=0):
            (directory / INCOMPLETE).write_text(name, encoding="utf-8")
            _fetch_all(remote, directory, name, report, pause)
            (directory / INCOMPLETE).unlink()
    except Timeout as error:  # an OSError, too
        raise CheckpointError(f"another process is fetching {name}", "wait for it, or stop it and try again") from error
    except OSError as error:
        raise _disk_error(error, directory) from error
    return from_path(directory).path or directory


def _look_up(repo: str, variant: str | None, name: str, endpoint: str | None, revision: str | None) -> _Remote:
    try:
        info = HfApi(endpoint=endpoint).model_info(repo, revision=revision, files_metadata=True, timeout=30)
    except HFValidationError as error:
        raise ModelNotFoundError(f"{name!r} is no name of a model", _choices()) from error
    except GatedRepoError as error:
        raise ModelNotFoundError(
            f"{repo} is open only to those who accepted its licence",
            f"accept it at https://huggingface.co/{repo}, log in with: hf auth login, and pull again",
        ) from error
    except RevisionNotFoundError as error:
        raise ModelNotFoundError(
            f"{repo} no longer has the revision {revision}, which was checked for {name}",
            f"fetch the newest one: fathom pull {repo}{f':{variant}' if variant else ''}",
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelNotFoundError(f"the hub has no model {repo!r}, or it is private", _choices()) from error
    except (TransportError, OSError) as error:  # OfflineModeIsEnabled is an OSError
        raise _network_error(repo, name, error) from error
    files = [RemoteFile.from_sibling(sibling) for sibling in info.siblings or ()]
    return _Remote(repo, info.sha or "main", tuple(choose(files, variant, repo)), endpoint)


def _choices() -> str:
    return f"check the spelling, or choose one of {', '.join(registry.RECOMMENDED)}"


def _fetch_all(remote: _Remote, directory: Path, name: str, report: Report, pause: Callable[[float], None]) -> None:
    manifest = _read_manifest(directory)
    wanted = [file for file in remote.files if not _is_here(file, directory, manifest)]
    total = sum(file.size for file in remote.files)
    done = total - sum(file.size for file in wanted)
    lacking = sum(file.size - _size(_partial(directory, file)) for file in wanted)
    free = shutil.disk_usage(directory).free
    if lacking > free:
        raise CheckpointError(
            f"{remote.repo} needs {human_bytes(lacking)} more, and {directory} has {human_bytes(free)} free",
            _MAKE_ROOM,
        )
    for file in wanted:
        base = done

        def advance(received: int, base: int = base) -> None:
            report(f"fetching {remote.repo} ({human_bytes(total)})", (base + received) / max(total, 1))

        _fetch(remote, file, directory, name, advance, pause)
        manifest[file.name] = file.identity
        (directory / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        done += file.size
    report(f"fetched {remote.repo}", 1.0)


def _fetch(
    remote: _Remote,
    file: RemoteFile,
    directory: Path,
    name: str,
    advance: Callable[[int], None],
    pause: Callable[[float], None],
) -> None:
    """One file, resumed where an earlier attempt or process stopped. A hash that does not fit restarts it once."""
    partial = _partial(directory, file)
    partial.parent.mkdir(exist_ok=True)
    for stale in directory.glob(f"{file.name}.*.partial"):
        if stale != partial:
            stale.unlink()
    failures = 0
    while _size(partial) < file.size or not partial.exists():
        before = _size(partial)
        try:
            _receive(remote, file, partial, advance)
        except HfHubHTTPError as error:
            raise _network_error(remote.repo, name, error) from error
        except TransportError as error:
            failures = 0 if _size(partial) > before else failures + 1
            if failures >= _ATTEMPTS:
                raise _network_error(remote.repo, name, error) from error
            pause(2.0**failures)
        else:
            if _size(partial) == before and file.size:
                raise _network_error(remote.repo, name, None)
    if file.digest_of(partial) != file.identity:
        partial.unlink()
        raise CheckpointError(
            f"{file.name} of {remote.repo} arrived damaged, and was deleted", f"fetch it again: fathom pull {name}"
        )
    partial.replace(directory / file.name)


def _receive(remote: _Remote, file: RemoteFile, partial: Path, advance: Callable[[int], None]) -> None:
    start = _size(partial)
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}  # compressed bytes cannot be resumed
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream("GET", remote.url(file), headers=headers, timeout=30, follow_redirects=True) as response:
        hf_raise_for_status(response)
        resumed = start > 0 and response.status_code == 206
        with partial.open("ab" if resumed else "wb") as out:
            received = start if resumed else 0
            for chunk in response.iter_bytes():
                out.write(chunk)
                received += len(chunk)
                advance(received)
                if received > file.size:
                    raise CheckpointError(
                        f"the hub sends more of {file.name} than the {file.size} bytes it announced", "try again later"
                    )


def _partial(directory: Path, file: RemoteFile) -> Path:
    return directory / f"{file.name}.{file.identity[:12]}.partial"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_here(file: RemoteFile, directory: Path, manifest: Mapping[str, str]) -> bool:
    return manifest.get(file.name) == file.identity and _size(directory / file.name) == file.size


def _read_manifest(directory: Path) -> dict[str, str]:
    """What was fetched before, name to identity. A damaged one costs a second download and nothing else."""
    try:
        values: Any = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else {}


def _network_error(repo: str, name: str, error: Exception | None) -> FathomError:
    again = f"run it again: fathom pull {name} continues where it stopped"
    if isinstance(error, OfflineModeIsEnabled):
        return CheckpointError(f"{repo} cannot be fetched: HF_HUB_OFFLINE is set", "unset it, or name a local path")
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        if status in (401, 403):
            return ModelNotFoundError(
                f"the hub refuses {repo} ({status})", "log in with: hf auth login, and pull again"
            )
        return CheckpointError(f"the hub answered {status} for {repo}", f"wait a little, then {again}")
    what = f": {error}" if error and str(error) else ""
    return CheckpointError(
        f"the hub cannot be reached for {repo}{what}",
        f"check the connection, then {again}; offline, the embedded model works: fathom chat",
    )


def _disk_error(error: OSError, directory: Path) -> CheckpointError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return CheckpointError(f"the disk under {directory} is full", f"{_MAKE_ROOM}; then pull again")
    return CheckpointError(
        f"{directory} cannot be written: {error.strerror}", "check its permissions, or set FATHOM_HOME to another place"
    )
