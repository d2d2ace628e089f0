"""The self-test of an installation: part by part, with the embedded model.

Each part is a function that returns a result text or raises. Parts depend on those before them; after a failure the
rest is not tried. The exit code is the number of failed parts.
"""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from fathom import __version__
from fathom.base.errors import FathomError
from fathom.base.progress import Stopwatch, human_seconds, silent
from fathom.cli import doctor, options

if TYPE_CHECKING:
    from fathom.server.models.served_model import ServedModel

Parts = tuple[tuple[str, Callable[[], str]], ...]


@dataclass
class SelfTest:
    """The parts in order of dependence; later parts use what earlier ones loaded."""

    loaded: list[ServedModel] = field(default_factory=list)

    @property
    def parts(self) -> Parts:
        return (
            ("python", self.python),
            ("torch", self.torch),
            ("page", self.page),
            ("embedded model", self.model),
            ("tokenizer", self.tokenizer),
            ("engine", self.engine),
        )

    def python(self) -> str:
        return platform.python_version()

    def torch(self) -> str:
        report = doctor.torch_report()
        if not report["version"]:
            raise FathomError("torch is not installed", "pip install torch")
        return f"{report['version']}, {report['threads']} threads"

    def page(self) -> str:
        index = options.settings().static_dir / "index.html"
        if not index.is_file():
            raise FathomError("the page is not built", "make web")
        return f"{index.stat().st_size} bytes"

    def model(self) -> str:
        from fathom.server.models.loading import loader

        watch = Stopwatch()
        self.loaded.append(loader(options.settings())(silent))
        return f"{self.loaded[0].name}, loaded in {human_seconds(watch.seconds())}"

    def tokenizer(self) -> str:
        text = "Fathom: 12 faden, 3 toises, 五尋, глубина 🌊"
        tokenizer = self.loaded[0].tokenizer
        ids = tokenizer.encode(text)
        if tokenizer.decode(ids) != text:
            raise FathomError("encoding and decoding changed a text", "report it with the output of fathom doctor")
        return f"{tokenizer.vocab_size} tokens, {len(ids)} for a line in five languages"

    def engine(self) -> str:
        from fathom.engine.request import Request, SamplingParams

        served = self.loaded[0]
        request = Request(
            tuple(served.tokenizer.encode("The capital of France is")), SamplingParams(temperature=0, max_tokens=8)
        )

        async def generate() -> str:
            return "".join([chunk.text async for chunk in await served.engine.submit(request)])

        text = asyncio.run(generate())
        if "Paris" not in text:
            raise FathomError(
                f"the embedded model continued with {text!r}", "report it with the output of fathom doctor"
            )
        return "the capital of France is" + text.split(".")[0]


def check(selftest: SelfTest) -> Iterator[tuple[str, bool, str]]:
    """Run the parts up to the first failure: name, whether it works, and the result or error."""
    for name, part in selftest.parts:
        try:
            yield name, True, part()
        except Exception as error:  # any failure is a result of the self-test
            yield name, False, _explain(error)
            return


def _explain(error: Exception) -> str:
    return str(error) if isinstance(error, FathomError) else f"{type(error).__name__}: {error}"


def main(selftest: Any = None, console: Console | None = None) -> None:
    """Print the results and exit: 0 where everything works."""
    selftest, console = selftest or SelfTest(), console or Console()
    console.print(f"[bold]Fathom {__version__}[/]", highlight=False)
    failed = 0
    for name, works, text in check(selftest):
        failed += not works
        mark = ("✓", "green") if works else ("✗", "bold red")
        console.print(Text.assemble("  ", mark, f" {name:<15} ", (text, "" if works else "red")))
    for served in selftest.loaded:
        served.engine.close()
    sys.exit(failed)
