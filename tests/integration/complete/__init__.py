"""A capability that is shipped complete: `app` is what its service has, `parcels` what the monolith has kept of it."""
