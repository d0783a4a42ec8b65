// SPDX-License-Identifier: Apache-2.0
/** Config reader: the table that a config file returned, read as data through the table of options
 * into struct hk_config. Thread: the one that loads the config. */
#pragma once
#include "daemon/config_cage.h"
#include "daemon/config_faults.h"
#include "daemon/credential.h"
#include "model/config.h"

struct hk_config_reader {
    struct hk_config_cage *cage;        /**< The table is on the top of its stack. */
    struct hk_slice text;               /**< The file, for the lines of keys. */
    struct hk_credential_places places; /**< state_dir is filled in by the reader. */
    struct hk_config *config;           /**< Zeroed; to be given to hk_config_fini in any case. */
    struct hk_config_faults *faults;
};

/** Reads every option, fills defaults in, checks what belongs together. Whatever is wrong goes to
 * `faults`; credentials are created only while there is nothing. */
void hk_config_reader_read(struct hk_config_reader *reader);
