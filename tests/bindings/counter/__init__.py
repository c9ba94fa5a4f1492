"""A bounded app whose operations misbehave on request: what no honest app would do must be caught as well."""
