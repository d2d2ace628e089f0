"""What the parts of messages refer to: files that were attached, or that tools made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def file_ids(part: Mapping[str, Any]) -> list[str]:
    """The ids of the files in a part, as the API has it or as its row's ``data``."""
    made = (part.get("result") or {}).get("files") or ()
    return [*([part["file"]] if "file" in part else ()), *(file["id"] for file in made)]
