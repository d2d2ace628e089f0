"""Evaluation: sampling completions of a task, grading them, pass@k, intervals and paired tests."""
