// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include "base/alloc.h"

static void keys_wipe(struct hk_texts *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        hk_wipe(keys->items[i], strlen(keys->items[i]));
}

void hk_config_fini(struct hk_config *config)
{
    hk_free(config->state_dir);
    hk_free(config->run_dir);
    hk_free(config->policy_dir);
    hk_free(config->lib_dir);
    hk_free(config->tables_dir);
    hk_free(config->plugin_dir);
    hk_texts_fini(&config->listen);
    hk_free(config->public_url);
    keys_wipe(&config->platform_keys);
    hk_texts_fini(&config->platform_keys);
    hk_texts_fini(&config->deliver.allow_networks);
    hk_free(config->deliver.allow_ports);
    hk_free(config->deliver.ca_file);
    hk_free(config->deliver.proxy);
    hk_texts_fini(&config->event_types);
    hk_texts_fini(&config->plugins);
    hk_wipe(config, sizeof(*config));
}
