"""JSON schemas as people write them, made into what the grammar engine compiles, or refused with the place at fault."""
