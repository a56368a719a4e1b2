"""Pure rules of the library."""
