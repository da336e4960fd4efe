"""Whether the hosts that data sets come from can be reached."""

import http.client
import threading
import urllib.error
import urllib.request

ANSWER_SECONDS = 4.0


def answers(url: str) -> bool:
    """Whether the host of `url`, or the proxy on the way to it, replies at all."""
    answered = threading.Event()

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()
        except urllib.error.HTTPError:
            pass  # even a refusal of HEAD is an answer
        except (OSError, http.client.HTTPException):
            return
        answered.set()

    # In a thread, because the time limit does not cover name resolution.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    return answered.is_set()
