"""The API under generated input, by each kind of actor. Short here; `make fuzz` runs long (FUZZ_EXAMPLES)."""
