"""What every bounded app may use: money, ids, transitions, rows that only grow, audits. No tables of its own."""
