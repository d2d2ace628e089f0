"""Operations, specified in plain torch, and their kernels: registry.py chooses, implementations.py lists them."""
