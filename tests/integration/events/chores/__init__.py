"""A bounded app whose work is tasks; each leaves a row."""
