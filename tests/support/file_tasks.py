"""Tasks whose problems come from a small file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fathom.tasks.collection import Collection
from fathom.tasks.task import Item, Task


def collection(tmp_path: Path, *records: Any, **more: Any) -> Collection:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Collection(test=str(path), **more)


def only(task: Task) -> Item:
    (item,) = task.items("test")
    return item


def rewards(task: Task, item: Item, completion: str) -> tuple[float, float]:
    return task.verify(item, completion).reward, task.verify_lenient(item, completion).reward
