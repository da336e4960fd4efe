"""Studies, one per module: question, variants, claims, table and figure.

What trains and measures for the studies whose runs are not the script's own stands in `reproductions/experiments`. It
is imported when such a run begins, so that no study needs TensorFlow to be listed, tabulated or judged.
"""
