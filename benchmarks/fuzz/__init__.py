"""Files and flags that mean harm: what the commands of the suite do with them; see `benchmarks.fuzz.__main__`."""
