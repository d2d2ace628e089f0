"""The text package imports without torch: the server starts, and shows its page, before torch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys


def test_text_imports_no_torch() -> None:
    script = (
        "import sys, fathom.text.conversation; print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.strip() == "[]"
