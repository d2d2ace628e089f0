"""Running untrusted Python, and libraries that may hang, in processes of their own."""
