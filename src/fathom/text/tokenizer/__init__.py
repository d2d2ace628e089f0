"""Tokenizers: loading, encoding and decoding, training and comparing vocabularies."""
