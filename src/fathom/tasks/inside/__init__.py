"""What runs in confined processes of its own, started by `fathom.tasks.sandbox` and `fathom.tasks.worker`."""
