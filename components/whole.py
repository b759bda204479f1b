"""Whether an artifact is still what its stage left. After a loss of power, a file can be cut off that ML Metadata calls done: reused, it
would fail every run to come, or lose rows in silence.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from components.spans import digest_file

#: The custom property of an artifact that holds its listing.
FILES = "files"
#: Bytes. Larger files count by their size only, as they would have to be read in every run; TFRecord files have checksums of their own.
READ = 1_000_000


def listing(folder: str) -> str:
    """SHA-256 of the names of all files of a folder, with their sizes, and contents where they are small."""
    lines = []
    for path, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(path, name)
            size = os.path.getsize(file)
            lines.append(
                f"{os.path.relpath(file, folder)} {size} {digest_file(file, 0).sha256 if size <= READ else ''}"
            )
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def note(artifact: Any) -> None:
    """Notes what an artifact (ML Metadata's) is made of, when its stage has ended."""
    artifact.custom_properties[FILES].string_value = listing(artifact.uri)


def is_whole(artifact: Any) -> bool:
    """Whether an artifact is as it was noted; one that is not there is not whole, and one that was never noted is taken as it is."""
    if not os.path.isdir(artifact.uri):
        return False
    noted: str = artifact.custom_properties[FILES].string_value if FILES in artifact.custom_properties else ""
    return noted in ("", listing(artifact.uri))
