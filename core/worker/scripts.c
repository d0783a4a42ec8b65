// SPDX-License-Identifier: Apache-2.0
#include "worker/scripts.h"

#include "base/alloc.h"

struct hk_worker_script {
    struct hk_wire_script value;
    struct hk_wire_source libraries[];
};

static struct hk_slice copy_into(char **end, struct hk_slice text)
{
    struct hk_slice copy = { *end, text.size };
    if (text.size > 0)
        memcpy(*end, text.at, text.size);
    *end += text.size;
    return copy;
}

static struct hk_wire_source source_copy(char **end, const struct hk_wire_source *source)
{
    struct hk_slice name = copy_into(end, source->name);
    return (struct hk_wire_source){ name, copy_into(end, source->text) };
}

static struct hk_worker_script *script_copy(const struct hk_wire_script *script)
{
    size_t libraries_size = script->library_count * sizeof(struct hk_wire_source);
    size_t size = sizeof(struct hk_worker_script) + libraries_size + script->source.name.size +
                  script->source.text.size;
    for (uint32_t i = 0; i < script->library_count; i++)
        size += script->libraries[i].name.size + script->libraries[i].text.size;
    struct hk_worker_script *copy = hk_alloc_zero_or_die(1, size);
    char *end = (char *)(copy->libraries + script->library_count);
    copy->value = *script;
    copy->value.source = source_copy(&end, &script->source);
    copy->value.libraries = copy->libraries;
    for (uint32_t i = 0; i < script->library_count; i++)
        copy->libraries[i] = source_copy(&end, &script->libraries[i]);
    return copy;
}

/** Gets the place of the first script whose number is not below `number`. */
static uint32_t place_of(const struct hk_worker_scripts *scripts, uint32_t number)
{
    uint32_t low = 0, high = scripts->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scripts->items[middle]->value.script < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct hk_worker_scripts *scripts, uint32_t place, uint32_t number)
{
    return place < scripts->count && scripts->items[place]->value.script == number;
}

void hk_worker_scripts_put(struct hk_worker_scripts *scripts, const struct hk_wire_script *script)
{
    hk_worker_scripts_drop(scripts, script->script);
    if (scripts->count == scripts->capacity) {
        scripts->capacity = scripts->capacity ? scripts->capacity * 2 : 16;
        scripts->items =
            hk_realloc_or_die(scripts->items, scripts->capacity, sizeof(*scripts->items));
    }
    uint32_t place = place_of(scripts, script->script);
    memmove(scripts->items + place + 1, scripts->items + place,
            (scripts->count - place) * sizeof(*scripts->items));
    scripts->items[place] = script_copy(script);
    scripts->count++;
}

const struct hk_wire_script *hk_worker_scripts_get(const struct hk_worker_scripts *scripts,
                                                   uint32_t number)
{
    uint32_t place = place_of(scripts, number);
    return is_at(scripts, place, number) ? &scripts->items[place]->value : NULL;
}

void hk_worker_scripts_drop(struct hk_worker_scripts *scripts, uint32_t number)
{
    uint32_t place = place_of(scripts, number);
    if (!is_at(scripts, place, number))
        return;
    hk_free(scripts->items[place]);
    scripts->count--;
    memmove(scripts->items + place, scripts->items + place + 1,
            (scripts->count - place) * sizeof(*scripts->items));
}

void hk_worker_scripts_fini(struct hk_worker_scripts *scripts)
{
    for (uint32_t i = 0; i < scripts->count; i++)
        hk_free(scripts->items[i]);
    hk_free(scripts->items);
    *scripts = (struct hk_worker_scripts){ 0 };
}
