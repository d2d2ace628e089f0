"""The page pool of the cache: reference counts, the prefix cache, and eviction.

A page is a fixed run of token slots in every layer. A full page may be *published* under a key that hashes it and
everything before it; a later sequence with the same prefix then holds the same page instead of computing it again. A
published page is never written to, so sharing needs no copy: the completions of one prompt share its full pages and
each computes the last, partial page for itself. An unreferenced published page stays cached until room is needed; the
least recently used is evicted first.

The key is a cryptographic hash, because it alone separates one user's text from another's (``salt``).
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b


def page_key(parent: bytes, tokens: Sequence[int]) -> bytes:
    """The key of a full page: 128 bits over the key before it and the page's own tokens."""
    return blake2b(parent + array("q", tokens).tobytes(), digest_size=16).digest()


def root_key(salt: str, *, long: bool = False) -> bytes:
    """The parent of a sequence's first page. Requests with different salts share nothing, nor do ``long`` sequences and
    others: see ``Sequence.is_long``.
    """
    person = b"fathom-long" if long else b"fathom-salt"
    return blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=16, person=person).digest()


class PagePool:
    """Ref-counted pages 0 … num_pages-1. Each is in exactly one place: held, cached (unreferenced, published), free."""

    def __init__(self, num_pages: int) -> None:
        self.num_pages = num_pages
        self._free = list(range(num_pages - 1, -1, -1))
        self._references = [0] * num_pages
        self._keys: list[bytes | None] = [None] * num_pages
        self._published: dict[bytes, int] = {}
        self._cached: OrderedDict[int, None] = OrderedDict()  # oldest first

    @property
    def num_available(self) -> int:
        """Pages that `allocate` can give: free ones, and cached ones without a reference."""
        return len(self._free) + len(self._cached)

    def match(self, keys: Iterable[bytes]) -> list[int]:
        """Pages of the longest published prefix. They are not held yet: `hold` them before any other call."""
        pages = []
        for key in keys:
            page = self._published.get(key)
            if page is None:
                break
            pages.append(page)
        return pages

    def hold(self, pages: Iterable[int]) -> None:
        """Take a reference to published pages."""
        for page in pages:
            if self._references[page] == 0:
                del self._cached[page]
            self._references[page] += 1

    def allocate(self, count: int) -> list[int] | None:
        """``count`` pages that the caller alone holds and may write; None, and nothing taken, when there are fewer."""
        if count > self.num_available:
            return None
        return [self._take() for _ in range(count)]

    def publish(self, page: int, key: bytes) -> None:
        """Make a full page available by its key. Where another page has the key already, this one stays private."""
        if key not in self._published:
            self._published[key] = page
            self._keys[page] = key

    def release(self, pages: Iterable[int]) -> None:
        """Drop one reference each. The last page is released first, so that prefixes are evicted last."""
        for page in reversed(list(pages)):
            self._references[page] -= 1
            if self._references[page] > 0:
                continue
            if self._keys[page] is None:
                self._free.append(page)
            else:
                self._cached[page] = None

    def is_held(self, page: int) -> bool:
        return self._references[page] > 0

    def forget(self, pages: Iterable[int]) -> None:
        """Unpublish pages, because their content may be invalid."""
        for page in pages:
            key = self._keys[page]
            if key is not None:
                del self._published[key]
                self._keys[page] = None

    def forget_unheld(self) -> None:
        """Unpublish every unreferenced page: the weights it was computed with have changed."""
        pages = list(self._cached)
        self._cached.clear()
        self.forget(pages)
        self._free += pages

    def check_integrity(self, tables: Iterable[tuple[Sequence[int], int]]) -> None:
        """Raise AssertionError where reference counts and tables disagree.

        ``tables`` holds, for every sequence with pages, its pages and how many of them it will not write again.
        """
        held: Counter[int] = Counter()
        for pages, sealed in tables:
            assert len(set(pages)) == len(pages), "a sequence holds a page twice"
            held.update(pages)
            for page in pages[sealed:]:
                assert self._references[page] == 1, f"page {page} is writable and shared"
                assert self._keys[page] is None, f"page {page} is writable and published"
        for page, references in enumerate(self._references):
            assert references == held[page], f"page {page} counts {references} references, {held[page]} exist"
        places = [*self._free, *self._cached, *(page for page in held if held[page])]
        assert sorted(places) == list(range(self.num_pages)), "a page is lost or in two lists"
        assert all(self._keys[page] is None for page in self._free), "a free page is published"
        assert all(self._keys[page] is not None for page in self._cached), "a cached page has no key"
        named = {key: page for page, key in enumerate(self._keys) if key is not None}
        assert named == self._published, "the table of keys and the pages disagree"

    def _take(self) -> int:
        if self._free:
            page = self._free.pop()
        else:
            page, _ = self._cached.popitem(last=False)
            key = self._keys[page]
            assert key is not None
            del self._published[key]
            self._keys[page] = None
        self._references[page] = 1
        return page
