select * from read_parquet('{{ env_var("CALLS") }}/**/*.parquet', hive_partitioning = true)
