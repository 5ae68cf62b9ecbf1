def model(dbt, session):
    """dbt with DuckDB: a table that fits into memory; what the calls have in common is said in the model's YAML."""
    from dnc import decide

    settings = dbt.config.get("meta")["settings"]
    [decided] = decide([dbt.ref("planned_calls")], **settings)
    return decided
