"""Stores of tokenized samples: in memory, and as memory-mapped token files."""
