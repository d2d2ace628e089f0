"""Filters for documents: quality rules, deduplication, decontamination."""
