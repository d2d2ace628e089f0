"""Distillation: fine-tuning on a teacher's traces, or on-policy, on the student's samples scored by the teacher."""
