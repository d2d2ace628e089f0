"""Quantized weights: block formats, and modules that replace linear layers of a built model from outside."""
