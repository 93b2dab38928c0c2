import re

import single


def slug(text: str) -> str:
    return re.sub(r"\W+", "-", single.lower(text))
