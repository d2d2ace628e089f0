"""The texts of a data source, for assertions."""

from __future__ import annotations

from fathom.data.sources.source import DataSource, Position, Skips


def texts(source: DataSource, skips: Skips | None = None, start: Position | None = None) -> list[str]:
    return [record.data["text"] for record in source.records(skips or Skips(), start or Position())]
