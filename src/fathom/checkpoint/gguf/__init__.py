"""GGUF files: reading, dequantizing, exporting."""
