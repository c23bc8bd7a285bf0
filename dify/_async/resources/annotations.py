"""Annotations: fixed answers to known questions."""

from __future__ import annotations

from collections.abc import Callable

from ..._config import RequestOptions
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
    """Keep the answers that an app gives in place of its model's. Needs a server from 1.9 on.

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
        """The app's annotations, newest first (getAnnotationList).

        Args:
            keyword: Only annotations with this text in their question or answer.
            page: The page to begin with, from 1.
            limit: Items per page, 1 to 100 (the server's default: 20).
            options: Settings for this call alone.

        Example:
            ```python
            async for annotation in client.annotations.list(keyword="Rome"):
                print(annotation.question, annotation.hit_count)
            ```
        """
        call = Call.of("getAnnotationList", query=compact(keyword=keyword, page=page, limit=limit))
        return AsyncPager(self._transport, call, Annotation, order=NUMBERED, options=options)

    async def create(self, question: str, answer: str, *, options: RequestOptions | None = None) -> Annotation:
        """Add an annotation (createAnnotation).

        Args:
            question: The question to know again.
            answer: The answer to give.
            options: Settings for this call alone.

        Example:
            ```python
            annotation = await client.annotations.create("Where are you?", "In Rome.")
            print(annotation.id)
            ```
        """
        call = Call.of("createAnnotation", json={"question": question, "answer": answer})
        return await self._transport.fetch(call, Annotation, options)

    async def update(
        self, annotation_id: str, question: str, answer: str, *, options: RequestOptions | None = None
    ) -> Annotation:
        """Replace an annotation's question and answer (updateAnnotation).

        Args:
            annotation_id: The annotation.
            question: The question to know again.
            answer: The answer to give.
            options: Settings for this call alone.

        Raises:
            NotFoundError: The app has no such annotation.

        Example:
            ```python
            await client.annotations.update(annotation_id, question="Where are you?", answer="In Oslo.")
            ```
        """
        call = Call.of("updateAnnotation", annotation_id=annotation_id, json={"question": question, "answer": answer})
        return await self._transport.fetch(call, Annotation, options)

    async def delete(self, annotation_id: str, *, options: RequestOptions | None = None) -> None:
        """Delete an annotation (deleteAnnotation).

        Args:
            annotation_id: The annotation.
            options: Settings for this call alone.

        Raises:
            NotFoundError: The app has no such annotation (any more).

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
        """Let annotations answer (initialAnnotationReplySettings). This begins a job, which `wait_reply` waits for.

        Args:
            embedding_provider_name: Provider of the model that compares questions, such as "langgenius/openai/openai".
            embedding_model_name: That model. A name that the provider does not have is not refused.
            score_threshold: How alike two questions have to be, such as 0.8; the larger, the more alike.
            options: Settings for this call alone.

        Returns:
            The job as it begins.

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
        """Stop annotations from answering (initialAnnotationReplySettings). This begins a job, as `enable_reply` does.

        Dify wants the settings of `enable_reply` here too, though there is nothing to set; where they are None, something
        is sent that it takes. If annotation replies are off already, the server leaves the job waiting for good, and
        `wait_reply` ends with its timeout: look at `app.parameters().annotation_reply` first.

        Args:
            embedding_provider_name: As in `enable_reply`.
            embedding_model_name: As in `enable_reply`.
            score_threshold: As in `enable_reply`.
            options: Settings for this call alone.

        Returns:
            The job as it begins.

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
        """How far a job is that switches annotation replies (getInitialAnnotationReplySettingsStatus).

        Args:
            action: What the job does: "enable" or "disable".
            job_id: The job, from `enable_reply` or `disable_reply`.
            options: Settings for this call alone.

        Raises:
            BadRequestError: There is no such job (any more).

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
        """Wait until a job has ended that switches annotation replies; asks `reply_status` again and again.

        Args:
            action: What the job does: "enable" or "disable".
            job_id: The job, from `enable_reply` or `disable_reply`.
            timeout: Seconds to wait at most; None for as long as it takes.
            poll_interval: Seconds between two looks.
            on_progress: Called with the job after every look.
            options: Settings for each of the calls.

        Returns:
            The job, completed.

        Raises:
            DifyError: The job failed; the message is Dify's.
            APITimeoutError: It had not ended in time; it goes on at the server.
            BadRequestError: There is no such job (any more).

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
