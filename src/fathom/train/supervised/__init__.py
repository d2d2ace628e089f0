"""Pretraining and supervised fine-tuning: learning from given text."""
