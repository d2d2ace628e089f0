"""Numerical kernels: ref.py is the specification, cpu/ and triton/ are fast paths compared with it by test."""
