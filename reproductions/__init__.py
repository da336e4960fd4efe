"""The scripts that reproduce the posts: one script and one page per post, and the recorded results."""
