"""Sources that an imported answer refers to, numbered in the order in which they are first named."""

from __future__ import annotations

from fathom.server.conversations.importing.imported import ImportedPart

MAX_CITATIONS = 500


def web_citation(number: int, title: str, url: str | None, quote: str | None) -> ImportedPart:
    """A citation of a page that was not stored, so that nothing is known of its quote."""
    source = {"title": title or url or "", "url": url, "source": None, "place": None}
    return ImportedPart("citation", data={"number": number, "kind": "web", **source, "quote": quote, "supported": None})


class Citations:
    """Numbers for addresses. One object serves one turn."""

    def __init__(self, before: Citations | None = None) -> None:
        """With the numbers that ``before`` gave, as of now."""
        self._numbers: dict[str, int] = dict(before._numbers) if before else {}
        self._parts: list[ImportedPart] = []

    def number(self, title: str, url: str | None, quote: str | None = None) -> int:
        """The number of the source at ``url`` (of ``title`` where it has no address)."""
        name = url or title
        if name not in self._numbers:
            number = self._numbers[name] = len(self._numbers) + 1
            self._parts.append(web_citation(number, title, url, quote))
        return self._numbers[name]

    def take(self) -> tuple[ImportedPart, ...]:
        """The citations that are new since the last call."""
        parts, self._parts = tuple(self._parts), []
        return parts
