// SPDX-License-Identifier: Apache-2.0
/** Run folder: `run_dir`, where the control socket stands and where hookd says on which addresses
 * it really listens (file `listen`, one a line, for ports that were asked for as 0).
 * Thread: the main one. */
#pragma once
#include "base/fault.h"
#include "model/texts.h"

struct hk_run_folder;

/** Makes the folder (0755) when it is missing, and takes its lock: two daemons would take each
 * other's socket. HK_ELOCKED, HK_ESTART with the path in the fault. */
HK_MUST_CHECK int hk_run_folder_open(const char *path, struct hk_run_folder **folder,
                                     struct hk_fault *fault);

/** Removes what was announced; frees. NULL is fine. */
void hk_run_folder_close(struct hk_run_folder *folder);

/** Gets the path of the control socket; lives as long as the folder. */
const char *hk_run_folder_control_path(const struct hk_run_folder *folder);

/** Writes the file `listen`, whole or not at all. */
HK_MUST_CHECK int hk_run_folder_announce(struct hk_run_folder *folder,
                                         const struct hk_texts *addresses, struct hk_fault *fault);
