// SPDX-License-Identifier: Apache-2.0
#include "sinker.h"

int hk_sinker_init(struct hk_sinker *sinker)
{
    sinker->answer_default = (struct hk_answer){
        .moment = HK_MOMENT_END, .ending = HK_ENDING_KEEP, .status = 200, .is_whole = true
    };
    hk_answer_set_reply(&sinker->answer_default, hk_span_of(""), hk_span_of(""));
    sinker->answer_malformed = (struct hk_answer){
        .moment = HK_MOMENT_END, .ending = HK_ENDING_CLOSE, .status = 400, .is_whole = true
    };
    hk_answer_set_reply(&sinker->answer_malformed, hk_span_of("Connection: close\r\n"),
                        hk_span_of("sinker: malformed request\n"));
    return hk_loop_init(&sinker->loop);
}

void hk_sinker_fini(struct hk_sinker *sinker)
{
    hk_loop_fini(&sinker->loop);
    hk_store_fini(&sinker->store);
    hk_path_fini(&sinker->paths);
    hk_answer_fini(&sinker->answer_default);
    hk_answer_fini(&sinker->answer_malformed);
}
