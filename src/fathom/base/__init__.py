"""Shared basics: devices, threads, memory, paths, errors, progress."""
