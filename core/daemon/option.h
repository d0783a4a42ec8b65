// SPDX-License-Identifier: Apache-2.0
/** Option: the table that options.def declares, and how its names are found.
 * Pure data; thread: any. */
#pragma once
#include "base/bytes.h"
#include "model/config.h"

enum hk_option_type {
    HK_OPTION_PATH,     /**< char *, not empty. */
    HK_OPTION_FILE,     /**< char *, a file that can be read. */
    HK_OPTION_URL,      /**< char *, of one of the schemes in `words`. */
    HK_OPTION_BOOL,     /**< bool */
    HK_OPTION_UINT32,   /**< uint32_t */
    HK_OPTION_UINT64,   /**< uint64_t */
    HK_OPTION_SECONDS,  /**< int64_t, kept as milliseconds. */
    HK_OPTION_BYTES32,  /**< uint32_t; "64K" is read too. */
    HK_OPTION_BYTES64,  /**< uint64_t; "20G" is read too. */
    HK_OPTION_WORD,     /**< An enum whose values are the places of its word in `words`. */
    HK_OPTION_LISTEN,   /**< struct hk_texts of addresses. */
    HK_OPTION_NETWORKS, /**< struct hk_texts of CIDR. */
    HK_OPTION_TYPES,    /**< event_types and has_event_types. */
    HK_OPTION_PORTS,    /**< deliver.allow_ports and their count. */
    HK_OPTION_PLUGINS,  /**< plugins and has_plugins. */
    HK_OPTION_SECRETS,  /**< struct hk_texts; values are never shown. */
    HK_OPTION_SECRET,   /**< uint8_t[32]; its value is never shown. */
};

struct hk_option {
    const char *path; /**< "deliver.attempts": at most one section. */
    enum hk_option_type type;
    size_t offset; /**< Of its field in struct hk_config. */
    uint64_t min, max;
    const char *words;   /**< "points|standard", or NULL. */
    bool can_reload;     /**< False: a change needs a restart. */
    const char *text;    /**< What it is for. */
    const char *initial; /**< The default, as Lua. */
};

/** Gets all options, in the order of options.def. */
const struct hk_option *hk_options(uint32_t *count);

/** Finds an option by its whole path; NULL when there is none. */
const struct hk_option *hk_option_find(struct hk_slice path);

/** Is there an option in this section ("deliver")? */
bool hk_option_is_section(struct hk_slice name);

/** Gets the last part of an option's path. */
const char *hk_option_name(const struct hk_option *option);

/** Gets the known path (of an option or a section) that an unknown one most likely means. A name
 * that exists elsewhere wins over one that only looks alike beside it. */
struct hk_slice hk_option_nearest(struct hk_slice path);
