"""Evaluation stages: `measure` evaluates a model, `beyond` compares it with the base it was trained from."""
