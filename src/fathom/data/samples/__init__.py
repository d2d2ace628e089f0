"""Documents and conversations as tokenized samples."""
