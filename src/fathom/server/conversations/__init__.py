"""Conversations as they are stored, searched, brought in and taken out."""
