"""What the emulator claims of an app beside its messages and runs."""

from __future__ import annotations

from .worlds import Case, file

LIKE = {"rating": "like", "user": "user-1", "content": "good"}
LIKED = ("POST", "/messages/{message}/feedbacks", LIKE)
JOB = {"embedding_provider_name": "p", "embedding_model_name": "m", "score_threshold": 0.8}
JOB_URL = "/apps/annotation-reply/{}/status/{}"
VARIABLES = "/conversations/{conversation}/variables"
WAV = "audio/wav"
LARGE = bytes(30 * 1024 * 1024 + 1)

ANSWERS = [
    Case("chat/feedback_like_again", "POST", "/messages/{message}/feedbacks", LIKE, first=(LIKED,)),
    Case("chat/app_feedbacks", "GET", "/app/feedbacks", first=(LIKED,)),
    Case("chat/app_feedbacks_page2", "GET", "/app/feedbacks?page=2&limit=1", first=(LIKED,)),
    Case("chat/suggested_ok", "GET", "/messages/{message}/suggested?user=user-1"),
    Case("conversations/variables_list", "GET", f"{VARIABLES}?user=user-1"),
    Case("conversations/variables_limit1", "GET", f"{VARIABLES}?user=user-1&limit=1"),
    Case(
        "conversations/variable_update_list",
        "PUT",
        f"{VARIABLES}/{{notes}}",
        {"value": ["a", "b"], "user": "user-1"},
    ),
    Case("conversations/variable_update_number", "PUT", f"{VARIABLES}/{{counter}}", {"value": 42, "user": "user-1"}),
    Case("conversations/variable_update_string", "PUT", f"{VARIABLES}/{{topic}}", {"value": "new", "user": "user-1"}),
    Case("annotations/create", "POST", "/apps/annotations", {"question": "what is zebra", "answer": "An animal."}),
    Case("annotations/create_empty", "POST", "/apps/annotations", {"question": "", "answer": ""}),
    Case("annotations/update", "PUT", "/apps/annotations/{q2}", {"question": "q2b", "answer": "a2b"}),
    Case("annotations/delete", "DELETE", "/apps/annotations/{q2}"),
    Case("annotations/list", "GET", "/apps/annotations"),
    Case("annotations/list_keyword", "GET", "/apps/annotations?keyword=zebra"),
    Case("annotations/list_page", "GET", "/apps/annotations?page=1&limit=1"),
    Case(
        "annotations/list_empty",
        "GET",
        "/apps/annotations",
        first=(("DELETE", "/apps/annotations/{q2}", None), ("DELETE", "/apps/annotations/{zebra}", None)),
    ),
    Case("annotations/reply_disable", "POST", "/apps/annotation-reply/disable", JOB),
    Case("annotations/reply_status_first", "GET", JOB_URL.format("enable", "{job}")),
    Case(
        "annotations/reply_status",
        "GET",
        JOB_URL.format("enable", "{job}"),
        first=(("GET", JOB_URL.format("enable", "{job}"), None),) * 2,
    ),
    Case("end_users/end_user_of_upload", "GET", "/end-users/{end_user}"),
    Case("app_info/meta_chat_bare", "GET", "/meta"),
    Case("app_info/site_chat_bare", "GET", "/site"),
    Case("audio/stt_ok", "POST", "/audio-to-text", send=file("beep.wav", b"RIFF", WAV)),
    Case("audio/stt_empty", "POST", "/audio-to-text", send=file("x.wav", b"", WAV)),
    Case("audio/tts_text", "POST", "/text-to-audio", {"text": "hello there world", "user": "user-1"}),
    Case("audio/tts_message_id", "POST", "/text-to-audio", {"message_id": "{message}", "user": "user-1"}),
    Case("audio/tts_message_unknown", "POST", "/text-to-audio", {"message_id": "{nobody}", "user": "user-1"}),
]

REFUSALS = [
    Case("chat/feedback_null_again", "POST", "/messages/{message}/feedbacks", {"rating": None, "user": "user-1"}),
    Case("chat/feedback_unknown_msg", "POST", "/messages/{nobody}/feedbacks", LIKE),
    Case("chat/feedback_unknown_msg", "POST", "/messages/{message}/feedbacks", {**LIKE, "user": "user-2"}),
    Case("chat/app_feedbacks_bad_limit", "GET", "/app/feedbacks?page=0&limit=1000"),
    Case("chat/suggested_no_user", "GET", "/messages/{message}/suggested"),
    Case("chat/suggested_on_completion", "GET", "/messages/{message}/suggested?user=user-1", mode="completion"),
    Case("chat/suggested_unknown", "GET", "/messages/{nobody}/suggested?user=user-1"),
    Case("conversations/variables_limit_101", "GET", f"{VARIABLES}?user=user-1&limit=101"),
    Case("conversations/variables_bad_name", "GET", f"{VARIABLES}?user=user-1&variable_name=a+b%3B"),
    Case("conversations/variables_by_name", "GET", f"{VARIABLES}?user=user-1&variable_name=topic"),
    Case("conversations/variables_other_user", "GET", f"{VARIABLES}?user=other"),
    Case("conversations/variables_unknown_conv", "GET", "/conversations/{nobody}/variables?user=user-1"),
    Case("conversations/variable_update_no_value", "PUT", f"{VARIABLES}/{{topic}}", {"user": "user-1"}),
    Case("conversations/variable_update_unknown", "PUT", f"{VARIABLES}/{{nobody}}", {"value": "x", "user": "user-1"}),
    Case("annotations/create_missing", "POST", "/apps/annotations", {"question": "q2"}),
    Case(
        "annotations/delete_again",
        "DELETE",
        "/apps/annotations/{q2}",
        first=(("DELETE", "/apps/annotations/{q2}", None),),
    ),
    Case("annotations/update_unknown", "PUT", "/apps/annotations/{nobody}", {"question": "q", "answer": "a"}),
    Case("annotations/reply_bad_action", "POST", "/apps/annotation-reply/zzz", JOB),
    Case("annotations/reply_enable_bad", "POST", "/apps/annotation-reply/enable", {}),
    Case("annotations/reply_status_unknown", "GET", JOB_URL.format("enable", "{nobody}")),
    Case("end_users/end_user_unknown", "GET", "/end-users/{nobody}"),
    Case("audio/stt_bad_type", "POST", "/audio-to-text", send=file("x.txt", b"hello")),
    Case("audio/stt_too_large", "POST", "/audio-to-text", send=file("x.wav", LARGE, WAV)),
    Case("audio/tts_no_text", "POST", "/text-to-audio", {"user": "user-1"}),
    Case("audio/tts_form", "POST", "/text-to-audio", send={"data": {"text": "hi"}}),
    Case("datasets/app_op_with_dataset_key", "GET", "/info", send={"headers": {"Authorization": "Bearer dataset-x"}}),
    Case("datasets/detail_not_uuid", "GET", "/end-users/abc"),
    Case("datasets/detail_not_uuid", "PUT", "/apps/annotations/abc", {"question": "q", "answer": "a"}),
]
