"""Streams, pagers and callback types of both faces, for annotations.

    from dify.streams import AsyncEventStream, Page

Modules load when one of their names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._lazy import lazy_module as _lazy_module

if _TYPE_CHECKING:
    from ._async.app_streams import (
        AsyncChatStream as AsyncChatStream,
        AsyncCompletionStream as AsyncCompletionStream,
        AsyncDatasourceStream as AsyncDatasourceStream,
        AsyncWorkflowStream as AsyncWorkflowStream,
    )
    from ._async.byte_stream import (
        AsyncByteStream as AsyncByteStream,
    )
    from ._async.event_stream import (
        AsyncEventStream as AsyncEventStream,
    )
    from ._async.forms import (
        AsyncFormHandler as AsyncFormHandler,
    )
    from ._async.item_iterator import (
        AsyncItemIterator as AsyncItemIterator,
    )
    from ._async.mapping import (
        AsyncMapStream as AsyncMapStream,
    )
    from ._async.pager import (
        AsyncPage as AsyncPage,
        AsyncPager as AsyncPager,
    )
    from ._async.stream_iterators import (
        AsyncTextStream as AsyncTextStream,
    )
    from ._protocol.map_order import (
        MapResult as MapResult,
    )
    from ._streaming.text import (
        TextReplaced as TextReplaced,
    )
    from ._sync.app_streams import (
        ChatStream as ChatStream,
        CompletionStream as CompletionStream,
        DatasourceStream as DatasourceStream,
        WorkflowStream as WorkflowStream,
    )
    from ._sync.byte_stream import (
        ByteStream as ByteStream,
    )
    from ._sync.event_stream import (
        EventStream as EventStream,
    )
    from ._sync.forms import (
        FormHandler as FormHandler,
    )
    from ._sync.item_iterator import (
        ItemIterator as ItemIterator,
    )
    from ._sync.mapping import (
        MapStream as MapStream,
    )
    from ._sync.pager import (
        Page as Page,
        Pager as Pager,
    )
    from ._sync.stream_iterators import (
        TextStream as TextStream,
    )

__all__ = [
    "AsyncByteStream",
    "AsyncChatStream",
    "AsyncCompletionStream",
    "AsyncDatasourceStream",
    "AsyncEventStream",
    "AsyncFormHandler",
    "AsyncItemIterator",
    "AsyncMapStream",
    "AsyncPage",
    "AsyncPager",
    "AsyncTextStream",
    "AsyncWorkflowStream",
    "ByteStream",
    "ChatStream",
    "CompletionStream",
    "DatasourceStream",
    "EventStream",
    "FormHandler",
    "ItemIterator",
    "MapResult",
    "MapStream",
    "Page",
    "Pager",
    "TextReplaced",
    "TextStream",
    "WorkflowStream",
]

__getattr__, __dir__ = _lazy_module(
    __name__,
    {
        "._async.byte_stream": "AsyncByteStream",
        "._async.app_streams": "AsyncChatStream AsyncCompletionStream AsyncDatasourceStream AsyncWorkflowStream",
        "._async.event_stream": "AsyncEventStream",
        "._async.stream_iterators": "AsyncTextStream",
        "._async.forms": "AsyncFormHandler",
        "._async.item_iterator": "AsyncItemIterator",
        "._async.mapping": "AsyncMapStream",
        "._async.pager": "AsyncPage AsyncPager",
        "._protocol.map_order": "MapResult",
        "._sync.byte_stream": "ByteStream",
        "._sync.app_streams": "ChatStream CompletionStream DatasourceStream WorkflowStream",
        "._sync.event_stream": "EventStream",
        "._sync.stream_iterators": "TextStream",
        "._sync.forms": "FormHandler",
        "._sync.item_iterator": "ItemIterator",
        "._sync.mapping": "MapStream",
        "._sync.pager": "Page Pager",
        "._streaming.text": "TextReplaced",
    },
)
