"""Training: pretraining, fine-tuning, distillation and reinforcement learning of one model definition."""
