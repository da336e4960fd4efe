"""Reporting: tables, figures and verdicts, made from the records of studies and from nothing else."""
