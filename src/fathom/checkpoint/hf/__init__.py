"""Hugging Face directories: config.json and safetensors, read and written."""
