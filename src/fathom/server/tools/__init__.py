"""Tools that a model may call while it answers: the interface, and those that come with Fathom."""
