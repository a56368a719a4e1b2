"""What is foreseen: the same gates on a virtual clock, from the scene of today."""
