"""``python -m fathom``: the self-test card."""

from __future__ import annotations

from fathom.cli.selftest import main

main()
