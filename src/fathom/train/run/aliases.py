"""Names that configurations of earlier versions use, and their present names: the only place that knows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

TOKENIZERS = {"zero": "speedrun:tokenizer"}

TokenizerName = Annotated[str, BeforeValidator(lambda name: TOKENIZERS.get(name, name))]
