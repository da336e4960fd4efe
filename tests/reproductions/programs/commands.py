"""Does what commands say, one after another in one process: `python commands.py FILE`, a JSON list of lists of words.

The runs of studies are made in this process too, so that TensorFlow is imported once. Prints each command, and ends
with the first that fails.
"""

import json
import sys
from pathlib import Path

from reproductions.__main__ import main
from reproductions.harness import jobs, study_needs, study_run


def perform(todo, at_once, ended):
    for job in todo:
        _, _, module, *words = job.command
        ended(job, status(study_run.main if module == study_run.__name__ else script(module), words))


def script(module):
    return lambda words: main([module.removeprefix("reproductions."), *words])


def status(function, words):
    try:
        function(words)
    except SystemExit as end:
        if end.code not in (None, 0):
            print(end.code)
            return 1
    return 0


jobs.perform = perform
study_needs.checked_aside = study_needs.check

for words in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    print("$", *words, flush=True)
    if status(main, words):
        sys.exit(f"{words} failed")
