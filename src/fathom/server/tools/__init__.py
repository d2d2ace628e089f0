"""Tools that a model may call: what each does, who allows it, and how its results come back."""
