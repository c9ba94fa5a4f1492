"""What every bounded app may use: money, ids, transitions. No models, no I/O."""
