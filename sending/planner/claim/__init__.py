"""Who is written to next: candidates, the facts that gates ask, and what a claim decides."""
