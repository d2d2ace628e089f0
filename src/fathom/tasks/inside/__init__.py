"""What runs inside the sandbox: standard library only, started by `fathom.tasks.sandbox` in a process of its own."""
