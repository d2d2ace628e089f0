"""``python -m fathom``: the self-test; with arguments, the ``fathom`` command, which is how torchrun starts it."""

from __future__ import annotations

import sys

if len(sys.argv) > 1:
    from fathom.cli.main import main
else:
    from fathom.cli.selftest import main

main()
