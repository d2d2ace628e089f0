"""The two processes of a code test: one runs the tests, one holds the program that they call."""
