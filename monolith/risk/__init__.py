"""Risk: whether what somebody asks for is let through, looked at by somebody, or declined, and why."""
