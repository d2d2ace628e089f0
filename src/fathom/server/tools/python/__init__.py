"""Python for models, in the sandbox in which the programs of code tasks run."""
