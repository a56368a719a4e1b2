"""HTTP of the library."""
