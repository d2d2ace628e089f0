"""Fathom: an open reasoning assistant, from raw text to a conversation, on one model definition.

Data flows one way through the packages; each imports only what is to its left::

    types → base → text → data → tasks → kernels → model → quant → checkpoint → engine → evals → train → report → cli
                                                                                             → server → cli

Packages re-export nothing: import the module that holds the noun (``from fathom.model.config import ModelConfig``).
That keeps ``fathom --help`` and the first page free of torch, which takes seconds to import.
"""

__version__ = "0.1.0"
