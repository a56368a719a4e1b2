"""Pure pacing: budgets, ramp, gaps and gates, as functions of their arguments."""
