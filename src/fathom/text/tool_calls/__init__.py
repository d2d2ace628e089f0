"""Tool-call formats: how each family of models writes calls, parsed while they stream."""
