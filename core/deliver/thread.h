// SPDX-License-Identifier: Apache-2.0
/** Thread: one delivery thread: a libuv loop, a multi handle, and the endpoints that are its own.
 *
 * It works at its own pace: once a loop iteration it takes all messages, lets curl start and finish
 * what there is, and hands all outcomes over in one call. Attempts are bounded by the engine; every
 * one that comes in here ends in one ATTEMPT_ENDED, unless the thread is stopped before.
 *
 * Thread: hk_thread_push from any, the others are the sender's owner's. */
#pragma once
#include "deliver/settings.h"
#include "model/command.h"

#include <stddef.h>

enum hk_thread_message_kind {
    HK_THREAD_ENDPOINT_SET = 1,
    HK_THREAD_ENDPOINT_DROP,
    HK_THREAD_START,
    HK_THREAD_ANSWER, /**< From the resolver. */
};

struct hk_thread_message {
    enum hk_thread_message_kind kind;
    uint64_t id; /**< Of the endpoint, or of the target with ANSWER. */
    union {
        struct hk_endpoint *own_endpoint;
        struct hk_answer *own_answer;
        struct hk_command_start_attempt start; /**< With one reference of the body. */
    };
};

struct hk_thread;

/** Starts a thread; `settings` are borrowed until it is stopped. 0, HK_ENOMEM or HK_EIO. */
HK_MUST_CHECK int hk_thread_start(const struct hk_settings *settings, uint32_t number,
                                  struct hk_thread **thread);

/** Moves messages in, in order. */
void hk_thread_push(struct hk_thread *thread, const struct hk_thread_message *messages,
                    size_t count);

/** Cuts what runs, joins, frees. The resolver must be freed before. */
void hk_thread_stop(struct hk_thread *thread);

/** Gives back what a message owns. */
void hk_thread_message_fini(struct hk_thread_message *message);
