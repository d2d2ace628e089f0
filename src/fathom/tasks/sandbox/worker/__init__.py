"""Library calls in a confined helper process, which may hang or crash."""
