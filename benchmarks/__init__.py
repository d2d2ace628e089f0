"""One script a question, each with a result file ``results/<what>_<hardware>_<date>.json``: the README's numbers."""
