// SPDX-License-Identifier: Apache-2.0
#include "daemon/option.h"

#include "base/spelling.h"
#include "model/bounds.h"

enum { FIXED = 0, RELOAD = 1 };

static const struct hk_option options[] = {
#define OPTION(path, type, field, min, max, words, reload, text, ...)                     \
    { path, HK_OPTION_##type, offsetof(struct hk_config, field), min, max, words, reload, \
      text, #__VA_ARGS__ },
#include "daemon/options.def"
#undef OPTION
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

const struct hk_option *hk_options(uint32_t *count)
{
    *count = OPTION_COUNT;
    return options;
}

/** Gets the section of a path, empty when it stands at the top. */
static struct hk_slice section_of(struct hk_slice path)
{
    const char *dot = memchr(path.at, '.', path.size);
    return (struct hk_slice){ path.at, dot ? (size_t)(dot - path.at) : 0 };
}

static struct hk_slice name_of(struct hk_slice path)
{
    size_t section_size = section_of(path).size;
    size_t skipped = section_size ? section_size + 1 : 0;
    return (struct hk_slice){ path.at + skipped, path.size - skipped };
}

const struct hk_option *hk_option_find(struct hk_slice path)
{
    for (uint32_t i = 0; i < OPTION_COUNT; i++)
        if (hk_slice_is(path, options[i].path))
            return &options[i];
    return NULL;
}

bool hk_option_is_section(struct hk_slice name)
{
    for (uint32_t i = 0; name.size > 0 && i < OPTION_COUNT; i++)
        if (hk_slice_is_equal(name, section_of(hk_slice_of(options[i].path))))
            return true;
    return false;
}

const char *hk_option_name(const struct hk_option *option)
{
    return name_of(hk_slice_of(option->path)).at;
}

/** How far `known` is from `path`, in halves, so that its own section wins among equals. */
static uint32_t distance_of(struct hk_slice path, struct hk_slice known)
{
    uint32_t distance = hk_spelling_distance(name_of(path), name_of(known)) * 2;
    bool is_beside = hk_slice_is_equal(section_of(path), section_of(known));
    return is_beside ? distance : distance + 3;
}

struct hk_slice hk_option_nearest(struct hk_slice path)
{
    struct hk_slice nearest = HK_SLICE_EMPTY;
    uint32_t nearest_distance = UINT32_MAX;
    for (uint32_t i = 0; i < OPTION_COUNT; i++) {
        struct hk_slice known[] = { hk_slice_of(options[i].path), { NULL, 0 } };
        known[1] = section_of(known[0]);
        for (uint32_t j = 0; j < 2 && known[j].size > 0; j++) {
            uint32_t distance = distance_of(path, known[j]);
            if (distance < nearest_distance) {
                nearest = known[j];
                nearest_distance = distance;
            }
        }
    }
    return nearest;
}
