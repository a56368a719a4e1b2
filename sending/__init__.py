"""The running floor: how messages leave, and what comes back."""
