"""A backend as it could come from outside: one operation has a kernel in it."""
