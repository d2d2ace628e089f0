"""Quantization of a built model from outside: fused layers and linears over weights in a storage format, and FP8."""
