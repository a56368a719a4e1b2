"""PostgreSQL and Valkey from Python wheels, and the supervisor behind `outreach up`."""
