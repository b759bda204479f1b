"""The one exception of the set-up, and what uv and pip mean when they fail."""

from __future__ import annotations


class SetupError(Exception):
    """Its message is one sentence for the user: what is missing, and what to do."""


# First match wins, so the specific causes come before "no connection", which many outputs mention too.
_MEANINGS = (
    (("no space left on device",), "the disk is full: free some space and start again."),
    (("hash mismatch", "do not match the hashes"), "a downloaded file is not the locked one: index or cache differ."),
    (
        ("certificate", "unknownissuer", "ssl: "),
        "the index's TLS certificate is not trusted: let SSL_CERT_FILE name your CA certificates.",
    ),
    (("401 ", "403 ", "407 "), "the index or a proxy refused access: look at your pip, uv and proxy settings."),
    (
        (
            "failed to fetch",
            "error sending request",
            "dns error",
            "name resolution",
            "failed to establish a new connection",
            "network is unreachable",
            "could not fetch url",
            "timed out",
            "connection error",
            "network connectivity is disabled",
            "retrying (",
        ),
        "the download server cannot be reached: a network connection is needed once (or a mirror in pip's settings).",
    ),
    (("failed to build", "build backend"), "a package could not be compiled."),
    (("permission denied", "read-only file system"), "this folder, or the cache of uv, is not writable."),
)


def meaning(output: str) -> str:
    """One sentence for a failed uv or pip, by its output."""
    lowered = output.lower()
    for signs, sentence in _MEANINGS:
        if any(sign in lowered for sign in signs):
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it failed without a message."
