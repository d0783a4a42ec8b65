// SPDX-License-Identifier: Apache-2.0
#include "path.h"

#include "memory.h"

#include <string.h>

struct hk_path *hk_path_find(const struct hk_paths *paths, struct hk_span text)
{
    return (struct hk_path *)hk_table_find(&paths->table, text, hk_table_hash(text));
}

struct hk_path *hk_path_get(struct hk_paths *paths, struct hk_span text)
{
    uint64_t hash = hk_table_hash(text);
    struct hk_path *path = (struct hk_path *)hk_table_find(&paths->table, text, hash);
    if (path == NULL) {
        path = hk_memory_new(sizeof *path + text.bytes + 1);
        memcpy(path->text, text.at, text.bytes);
        path->node.hash = hash;
        path->node.key = (struct hk_span){ .at = path->text, .bytes = text.bytes };
        hk_table_add(&paths->table, &path->node);
    }
    return path;
}

void hk_path_set_behaviour(struct hk_paths *paths, struct hk_path *path,
                           struct hk_behaviour *behaviour)
{
    paths->behaviour_count -= path->behaviour != NULL;
    paths->behaviour_count += behaviour != NULL;
    hk_behaviour_unref(path->behaviour);
    path->behaviour = behaviour;
}

static void drop_behaviour(struct hk_table_node *node, void *context)
{
    hk_path_set_behaviour(context, (struct hk_path *)node, NULL);
}

void hk_path_drop_behaviours(struct hk_paths *paths)
{
    hk_table_each(&paths->table, drop_behaviour, paths);
}

struct hk_path_id *hk_path_note_id(struct hk_path *path, struct hk_span text, uint64_t seq)
{
    uint64_t hash = hk_table_hash(text);
    struct hk_path_id *id = (struct hk_path_id *)hk_table_find(&path->ids, text, hash);
    if (id == NULL) {
        id = hk_memory_new(sizeof *id + text.bytes + 1);
        memcpy(id->text, text.at, text.bytes);
        id->node.hash = hash;
        id->node.key = (struct hk_span){ .at = id->text, .bytes = text.bytes };
        id->first_seq = seq;
        hk_table_add(&path->ids, &id->node);
        path->tally.ids++;
    }
    id->times++;
    id->last_seq = seq;
    if (id->answered_2xx > 0) {
        id->repeats_after_2xx++;
        path->tally.repeats_after_2xx++;
    }
    return id;
}

void hk_path_note_answer(struct hk_path *path, struct hk_path_id *id, int status)
{
    bool is_2xx = status >= 200 && status < 300;
    path->tally.answered_2xx += is_2xx;
    if (id == NULL) {
        return;
    }
    id->last_status = status;
    path->tally.ids_2xx += is_2xx && id->answered_2xx == 0;
    id->answered_2xx += is_2xx;
}

static void add_tally(struct hk_table_node *node, void *context)
{
    const struct hk_path_tally *one = &((struct hk_path *)node)->tally;
    struct hk_path_tally *sum = context;
    sum->requests += one->requests;
    sum->complete += one->complete;
    sum->answered_2xx += one->answered_2xx;
    sum->ids += one->ids;
    sum->ids_2xx += one->ids_2xx;
    sum->repeats_after_2xx += one->repeats_after_2xx;
}

struct hk_path_tally hk_path_total(const struct hk_paths *paths)
{
    struct hk_path_tally sum = { 0 };
    hk_table_each(&paths->table, add_tally, &sum);
    return sum;
}

static void free_node(struct hk_table_node *node, void *context)
{
    (void)context;
    hk_memory_free(node);
}

static void clear_path(struct hk_table_node *node, void *context)
{
    (void)context;
    struct hk_path *path = (struct hk_path *)node;
    hk_table_each(&path->ids, free_node, NULL);
    hk_table_fini(&path->ids);
    path->tally = (struct hk_path_tally){ 0 };
}

void hk_path_clear(struct hk_paths *paths)
{
    hk_table_each(&paths->table, clear_path, NULL);
}

void hk_path_fini(struct hk_paths *paths)
{
    hk_path_drop_behaviours(paths);
    hk_path_clear(paths);
    hk_table_each(&paths->table, free_node, NULL);
    hk_table_fini(&paths->table);
}
