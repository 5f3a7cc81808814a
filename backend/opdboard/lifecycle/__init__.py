"""What decides about runs: births, claims, transitions, orders, alerts, reports. Queries are in db; nothing here reads the web or a model."""
