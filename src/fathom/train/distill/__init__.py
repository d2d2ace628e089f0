"""Distillation: a student learns what a teacher writes, or what a teacher thinks of the student's own writing."""
