"""Keywords of chunks and queries, for knowledge bases without embeddings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

__all__ = ["MAX_KEYWORDS", "is_stop_word", "keywords_of"]

MAX_KEYWORDS = 10
"""Maximum number of keywords of a text."""

_ENGLISH_AND_CHINESE = (
    "a about above after again against ain all am an and any are aren as at be because been before being below "
    "between both but by can couldn d did didn do does doesn doing don down during each few for from further had "
    "hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself "
    "just ll m ma me mightn more most mustn my myself needn no nor not now o of off on once only or other our ours "
    "ourselves out over own re s same shan she should shouldn so some such t than that the their theirs them "
    "themselves then there these they this those through to too under until up ve very was wasn we were weren what "
    "when where which while who whom why will with won wouldn y you your yours yourself yourselves "
    "一个 一些 一切 一样 不但 不仅 不是 为了 为什么 什么 他们 以及 以后 以前 你们 但是 使用 其他 其中 只是 "
    "可以 可是 各种 同时 因为 因此 如果 如何 它们 对于 并且 或者 所以 所有 我们 是否 最后 有些 有的 没有 "
    "然后 由于 的话 这个 这些 这样 那个 那些 那样 还是 还有 进行 通过 那么 这里 这是 "
)
_STOP_WORDS = frozenset(_ENGLISH_AND_CHINESE.split())

# Words of Latin letters and digits. Chinese has no spaces between words, so each pair of adjacent characters is a word.
_RUN = re.compile(r"[a-zA-Z0-9]+(?:\.\d+)?%?|[\u4e00-\u9fd5]+")
_CHINESE = re.compile(r"[\u4e00-\u9fd5]")


def is_stop_word(word: str) -> bool:
    """Return True if a word is too common for the index."""
    return word.lower() in _STOP_WORDS


def keywords_of(text: str) -> list[str]:
    """Return the keywords of a text: its most frequent words.

    Stop words and words of one letter are left out.

    Example:
        >>> keywords_of("Tea is made from leaves. Tea keeps.")
        ['Tea', 'made', 'leaves', 'keeps']
    """
    counts = Counter(word for word in _words(text) if len(word) > 1 and not is_stop_word(word))
    keywords = dict.fromkeys(word for word, _ in counts.most_common(MAX_KEYWORDS))
    for word in list(keywords):
        parts = re.findall(r"\w+", word)
        if len(parts) > 1:  # a decimal number also has its parts as keywords
            keywords |= dict.fromkeys(part for part in parts if not is_stop_word(part))
    return list(keywords)


def _words(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        if not _CHINESE.match(run):
            yield run
        elif len(run) > 1:
            yield from (run[first : first + 2] for first in range(len(run) - 1))
