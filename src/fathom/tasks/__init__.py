"""Tasks whose answers a program can check: what is asked, what counts as right, and which problems are held out."""
