// SPDX-License-Identifier: Apache-2.0
#include "behaviour.h"

#include "memory.h"

struct hk_behaviour *hk_behaviour_new(size_t answer_count)
{
    struct hk_behaviour *behaviour =
        hk_memory_new(sizeof *behaviour + answer_count * sizeof behaviour->answers[0]);
    behaviour->refs = 1;
    behaviour->answer_count = answer_count;
    return behaviour;
}

struct hk_behaviour *hk_behaviour_ref(struct hk_behaviour *behaviour)
{
    behaviour->refs++;
    return behaviour;
}

void hk_behaviour_unref(struct hk_behaviour *behaviour)
{
    if (behaviour == NULL || --behaviour->refs > 0) {
        return;
    }
    for (size_t i = 0; i < behaviour->answer_count; i++) {
        hk_answer_fini(&behaviour->answers[i]);
    }
    hk_memory_free(behaviour);
}

const struct hk_answer *hk_behaviour_peek(const struct hk_behaviour *behaviour)
{
    return &behaviour->answers[behaviour->next];
}

const struct hk_answer *hk_behaviour_take(struct hk_behaviour *behaviour)
{
    const struct hk_answer *answer = &behaviour->answers[behaviour->next];
    if (behaviour->next + 1 < behaviour->answer_count) {
        behaviour->next++;
    } else if (behaviour->repeats) {
        behaviour->next = 0;
    }
    return answer;
}
