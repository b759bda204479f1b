"""Sentences of ours as HTML: what stands between backticks is code, and an option never breaks after its dashes."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from pipeline.wording import clean

PARTS = re.compile(r"`([^`\n]{1,200})`|(?<![\w-])(--[a-z][a-z-]*(?: [A-Za-z_]{1,40})?)")


def prose(text: str) -> Markup:
    """The sentence, escaped like everything that is written; names in it that have backticks or dashes stay what they are, as text."""
    made, at = Markup(), 0
    for found in PARTS.finditer(text):
        made += escape(clean(text[at : found.start()]))
        kind = "" if found[1] else Markup(' class="whole"')
        made += Markup("<code{}>{}</code>").format(kind, clean(found[1] or found[2]))
        at = found.end()
    return made + escape(clean(text[at:]))
