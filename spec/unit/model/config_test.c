// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void full(struct hk_config *config)
{
    char **const texts[] = {
        &config->state_dir,  &config->run_dir,         &config->policy_dir,
        &config->lib_dir,    &config->tables_dir,      &config->plugin_dir,
        &config->public_url, &config->deliver.ca_file, &config->deliver.proxy,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = hk_strdup_or_die("text");
    hk_texts_add(&config->listen, HK_SLICE("127.0.0.1:8410"));
    hk_texts_add(&config->platform_keys, HK_SLICE("a key of the platform, long enough"));
    hk_texts_add(&config->deliver.allow_networks, HK_SLICE("10.0.0.0/8"));
    hk_texts_add(&config->event_types, HK_SLICE("order.paid"));
    hk_texts_add(&config->plugins, HK_SLICE("signer_points"));
    config->deliver.allow_ports = hk_alloc_zero_or_die(2, sizeof(uint16_t));
    config->secret_key[31] = 0xaa;
}

static void test_a_config_gives_back_all_and_forgets_its_keys(void **state)
{
    (void)state;
    static const struct hk_config zero;
    struct hk_config config = { 0 };
    full(&config);
    hk_config_fini(&config); /* The leak checker sees what is forgotten. */
    assert_memory_equal(&config, &zero, sizeof(zero));
    hk_config_fini(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_config_gives_back_all_and_forgets_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
