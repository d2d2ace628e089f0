"""Kernels for the CPU: C++ in this folder, built on first use (library.py), called through ctypes (interface.py)."""
