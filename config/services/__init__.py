"""The project's own PostgreSQL and Valkey: where they live, how they start and stop."""
