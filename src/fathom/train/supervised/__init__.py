"""Pretraining and supervised fine-tuning: training on given text."""
