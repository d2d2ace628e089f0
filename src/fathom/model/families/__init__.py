"""One file for each model family: its checkpoint keys, tensor names, dialect and pre-tokenizer."""
