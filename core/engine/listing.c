// SPDX-License-Identifier: Apache-2.0
#include "engine/listing.h"

#include "base/alloc.h"
#include "engine/answers.h"
#include "engine/policies.h"

/* The newest first: as ids of version 7, they sort by time. What finished meanwhile comes twice. */
static void note(struct hk_listing *listing, const struct hk_uuid *id)
{
    struct hk_reply *reply = listing->reply;
    uint32_t place = reply->count;
    while (place > 0 && hk_uuid_compare(&reply->ids[place - 1], id) < 0)
        place--;
    bool is_known = place > 0 && hk_uuid_is_equal(&reply->ids[place - 1], id);
    if (is_known || place == listing->wanted)
        return;
    if (reply->count < listing->wanted)
        reply->count++;
    memmove(&reply->ids[place + 1], &reply->ids[place],
            (reply->count - place - 1) * sizeof(reply->ids[0]));
    reply->ids[place] = *id;
}

void hk__listing_answer(struct hk_engine *engine, struct hk_request *request)
{
    struct hk_listing *listing = &engine->listing;
    if (listing->reply) {
        hk__answers_send(engine, hk_reply_new(request, HK_ELIMIT));
        return;
    }
    *listing = (struct hk_listing){
        .reply = hk_reply_new(request, 0),
        .name = request->name,
        .wanted = request->page.per_page,
    };
    request->name = NULL;
    listing->reply->ids = hk_alloc_zero_or_die(listing->wanted + 1U, sizeof(struct hk_uuid));
}

static void look_at_finished(struct hk_engine *engine)
{
    struct hk_listing *listing = &engine->listing;
    const struct hk_event *event = engine->finished.events[listing->cursor++];
    if (event && event->policy && strcmp(event->policy, listing->name) == 0)
        note(listing, &event->id);
}

static void look_at_live(struct hk_engine *engine)
{
    struct hk_listing *listing = &engine->listing;
    uint32_t slot = listing->cursor++;
    if (!hk_slots_is_taken(&engine->events, slot))
        return;
    const struct hk_event_rare *rare = hk__rare(engine, slot);
    if (!rare || rare->edition == HK_NONE)
        return;
    if (strcmp(hk__edition(engine, rare->edition)->name, listing->name) == 0)
        note(listing, &hk__event(engine, slot)->id);
}

bool hk__listing_is_due(const struct hk_engine *engine)
{
    return engine->listing.reply != NULL;
}

void hk__listing_run(struct hk_engine *engine)
{
    struct hk_listing *listing = &engine->listing;
    while (listing->reply && hk__work_take(engine)) {
        if (!listing->is_past && listing->cursor < engine->events.fresh) {
            look_at_live(engine);
        } else if (!listing->is_past) {
            listing->is_past = true;
            listing->cursor = 0;
        } else if (listing->cursor < HK_FINISHED_MAX) {
            look_at_finished(engine);
        } else {
            hk__answers_push_reply(engine, listing->reply);
            hk_free(listing->name);
            *listing = (struct hk_listing){ 0 };
        }
    }
}

void hk__listing_fini(struct hk_engine *engine)
{
    hk_reply_free(engine->listing.reply);
    hk_free(engine->listing.name);
}
