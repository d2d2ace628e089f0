"""The documentation as a site with search: ``make site`` builds it into build/site.

The sources are the Markdown files of the repository, unchanged, so that they read the same there. With ``-W`` a broken
link is an error.
"""

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

project = "Fathom"
copyright = "The Fathom contributors"  # noqa: A001 - Sphinx's own name
extensions = ["myst_parser"]
include_patterns = ["docs/*.md", "docs/**/*.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
exclude_patterns = ["docs/site/**"]
root_doc = "docs/index"
nitpicky = True

myst_heading_anchors = 3
myst_enable_extensions = ["smartquotes"]
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = "Fathom"
html_show_sourcelink = False

NAVIGATION = {
    "Guides": "docs/guides/*.md",
    "Concepts": "docs/concepts/*.md",
    "Reference": "docs/reference/*.md",
    "Decisions": "docs/adr/*.md",
    "Project": ("docs/benchmarks", "docs/log", "CONTRIBUTING", "CHANGELOG", "SECURITY"),
}


def _toctree(caption: str, pages: Any) -> str:
    if isinstance(pages, str):
        pages = [path.relative_to(ROOT).with_suffix("") for path in sorted(ROOT.glob(pages))]
    names = [f"/{page}" for page in pages]
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""])


def _add_navigation(_app: Any, name: str, source: list[str]) -> None:
    """The sidebar: the index as it reads on the repository's page has links in prose, and no tables of contents."""
    if name == root_doc:
        source[0] += "".join(_toctree(caption, pages) for caption, pages in NAVIGATION.items())


def setup(app: Any) -> None:
    app.connect("source-read", _add_navigation)
