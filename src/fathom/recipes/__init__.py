"""Recipes: Python functions that return complete run configurations."""
