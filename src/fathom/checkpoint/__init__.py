"""Weights on disk: Hugging Face directories, GGUF files, hub downloads, and the registry of names."""
