// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** The command line. Texts are argv's. */
struct hk_settings {
    const char *http;  /**< ADDR:PORT or NULL */
    const char *https; /**< ADDR:PORT or NULL */
    const char *control;
    const char *cert_file;
    const char *key_file;
    const char *names; /**< of the self-made leaf */
    const char *ca_file;
    size_t keep;
    size_t keep_bytes;
    bool is_quiet;
    bool is_bench;
    bool counts_ids;
    bool ends_with_stdin;
};

/** 0: go on; 1: --help was printed; -1: wrong usage, said on stderr. */
int hk_settings_parse(struct hk_settings *settings, int argc, char **argv);
