"""Annotations: fixed replies to known questions."""

from __future__ import annotations

from collections.abc import Callable

from ..._config import RequestOptions
from ..._protocol.arguments import text_of
from ..._protocol.paging import NUMBERED
from ..._protocol.request import Call, compact
from ...errors import APITimeoutError, DifyError
from ...types.annotations import Annotation, AnnotationAction, AnnotationReplyJob
from ..pager import AsyncPager
from ..polling import poll
from ._base import AsyncResource

__all__ = ["AsyncAnnotations"]

_NOT_USED = "unused"


class AsyncAnnotations(AsyncResource):
    """Annotations, with which an app replies instead of its model.

    Requires Dify 1.9 or later.

    Example:
        ```python
        await client.annotations.create("Where are you?", "In Rome.")
        job = await client.annotations.enable_reply(
            embedding_provider_name="langgenius/openai/openai",
            embedding_model_name="text-embedding-3-small",
            score_threshold=0.9,
        )
        await client.annotations.wait_reply("enable", job.job_id)
        ```
    """

    def list(
        self,
        *,
        keyword: str | None = None,
        page: int | None = None,
        limit: int | None = None,
        options: RequestOptions | None = None,
    ) -> AsyncPager[Annotation]:
        """List the annotations of the app, newest first (getAnnotationList).

        Args:
            keyword: Only annotations whose question or answer contains this text.
            page: Number of the first page, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Options of this call.

        Example:
            ```python
            async for annotation in client.annotations.list(keyword="Rome"):
                print(annotation.question, annotation.hit_count)
            ```
        """
        call = Call.of("getAnnotationList", query=compact(keyword=keyword, page=page, limit=limit))
        return AsyncPager(self._transport, call, Annotation, order=NUMBERED, options=options)

    async def create(self, question: str, answer: str, *, options: RequestOptions | None = None) -> Annotation:
        """Create an annotation (createAnnotation).

        Args:
            question: Question to recognize.
            answer: Reply to return.
            options: Options of this call.

        Example:
            ```python
            annotation = await client.annotations.create("Where are you?", "In Rome.")
            print(annotation.id)
            ```
        """
        call = Call.of("createAnnotation", json=_texts(question, answer))
        return await self._transport.fetch(call, Annotation, options)

    async def update(
        self, annotation_id: str, question: str, answer: str, *, options: RequestOptions | None = None
    ) -> Annotation:
        """Replace an annotation's question and answer (updateAnnotation).

        Args:
            annotation_id: Id of the annotation.
            question: Question to recognize.
            answer: Reply to return.
            options: Options of this call.

        Raises:
            NotFoundError: The app has no such annotation.

        Example:
            ```python
            await client.annotations.update(annotation_id, question="Where are you?", answer="In Oslo.")
            ```
        """
        call = Call.of(
            "updateAnnotation",
            annotation_id=annotation_id,
            json=_texts(question, answer),
        )
        return await self._transport.fetch(call, Annotation, options)

    async def delete(self, annotation_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete an annotation (deleteAnnotation).

        Args:
            annotation_id: Id of the annotation.
            options: Options of this call.

        Raises:
            NotFoundError: The app has no such annotation.

        Example:
            ```python
            await client.annotations.delete(annotation_id)
            ```
        """
        await self._transport.send(
            Call.of("deleteAnnotation", annotation_id=annotation_id),
            options,
        )

    async def enable_reply(
        self,
        *,
        embedding_provider_name: str,
        embedding_model_name: str,
        score_threshold: float,
        options: RequestOptions | None = None,
    ) -> AnnotationReplyJob:
        """Enable annotation replies (initialAnnotationReplySettings).

        The server starts a job; wait for it with `wait_reply`.

        Args:
            embedding_provider_name: Provider of the embedding model, such as "langgenius/openai/openai".
            embedding_model_name: Name of the embedding model. The server does not reject unknown names.
            score_threshold: Minimum similarity of two questions, 0 to 1, such as 0.8.
            options: Options of this call.

        Returns:
            The started job.

        Example:
            ```python
            job = await client.annotations.enable_reply(
                embedding_provider_name="langgenius/openai/openai",
                embedding_model_name="text-embedding-3-small",
                score_threshold=0.9,
            )
            print(job.job_id, job.job_status)
            ```
        """
        return await self._begin("enable", embedding_provider_name, embedding_model_name, score_threshold, options)

    async def disable_reply(
        self,
        *,
        embedding_provider_name: str | None = None,
        embedding_model_name: str | None = None,
        score_threshold: float | None = None,
        options: RequestOptions | None = None,
    ) -> AnnotationReplyJob:
        """Disable annotation replies (initialAnnotationReplySettings).

        The server starts a job; wait for it with `wait_reply`. If annotation replies are disabled already, the job never
        ends and `wait_reply` raises at its timeout: check `app.parameters().annotation_reply` first. Dify requires the
        settings of `enable_reply` here too and ignores them; placeholders are sent for those that are None.

        Args:
            embedding_provider_name: As in `enable_reply`.
            embedding_model_name: As in `enable_reply`.
            score_threshold: As in `enable_reply`.
            options: Options of this call.

        Returns:
            The started job.

        Example:
            ```python
            job = await client.annotations.disable_reply()
            await client.annotations.wait_reply("disable", job.job_id)
            ```
        """
        threshold = 1.0 if score_threshold is None else score_threshold
        return await self._begin(
            "disable", embedding_provider_name or _NOT_USED, embedding_model_name or _NOT_USED, threshold, options
        )

    async def reply_status(
        self, action: AnnotationAction, job_id: str, *, options: RequestOptions | None = None
    ) -> AnnotationReplyJob:
        """Return the status of a job (getInitialAnnotationReplySettingsStatus).

        Args:
            action: Action of the job.
            job_id: Id of the job, from `enable_reply` or `disable_reply`.
            options: Options of this call.

        Raises:
            BadRequestError: The job does not exist.

        Example:
            ```python
            job = await client.annotations.reply_status("enable", job_id)
            print(job.job_status, job.error_msg)
            ```
        """
        call = Call.of("getInitialAnnotationReplySettingsStatus", action=action, job_id=job_id)
        return await self._transport.fetch(call, AnnotationReplyJob, options)

    async def wait_reply(
        self,
        action: AnnotationAction,
        job_id: str,
        *,
        timeout: float | None = 300,
        poll_interval: float = 1,
        on_progress: Callable[[AnnotationReplyJob], None] | None = None,
        options: RequestOptions | None = None,
    ) -> AnnotationReplyJob:
        """Wait until a job has ended; polls `reply_status`.

        Args:
            action: Action of the job.
            job_id: Id of the job, from `enable_reply` or `disable_reply`.
            timeout: Maximum number of seconds to wait; None for no limit.
            poll_interval: Seconds between two requests.
            on_progress: Called with every status of the job.
            options: Options of each call.

        Returns:
            The completed job.

        Raises:
            DifyError: The job failed; the message is the server's.
            APITimeoutError: The timeout has passed; the job continues on the server.
            BadRequestError: The job does not exist.

        Example:
            ```python
            job = await client.annotations.disable_reply()
            await client.annotations.wait_reply("disable", job.job_id, timeout=60)
            ```
        """

        def is_done(job: AnnotationReplyJob) -> bool:
            if job.job_status == "error":
                reason = job.error_msg or "the server gives no reason"
                raise DifyError(f"job {job_id} could not {action} annotation replies: {reason}")
            return job.job_status == "completed"

        def overdue(job: AnnotationReplyJob) -> APITimeoutError:
            return APITimeoutError(
                f"job {job_id} is {job.job_status} after {timeout:g} s; it continues on the server", sent=True
            )

        return await poll(
            lambda: self.reply_status(action, job_id, options=options),
            is_done,
            overdue,
            timeout=timeout,
            interval=poll_interval,
            on_progress=on_progress,
        )

    async def _begin(
        self,
        action: AnnotationAction,
        provider: str,
        model: str,
        score_threshold: float,
        options: RequestOptions | None,
    ) -> AnnotationReplyJob:
        call = Call.of(
            "initialAnnotationReplySettings",
            action=action,
            json={
                "embedding_provider_name": provider,
                "embedding_model_name": model,
                "score_threshold": score_threshold,
            },
        )
        return await self._transport.fetch(call, AnnotationReplyJob, options)


def _texts(question: str, answer: str) -> dict[str, str]:
    """Return the body for the texts of an annotation."""
    return {"question": text_of(question, "question"), "answer": text_of(answer, "answer")}
