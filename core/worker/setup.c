// SPDX-License-Identifier: Apache-2.0
#include "worker/setup.h"

#include "base/alloc.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map_table(int fd, struct hk_slice name, struct hk_state_table *table,
                     struct hk_fault *fault)
{
    struct stat status;
    char *copy = hk_slice_dup(name);
    if (copy == NULL)
        return hk_fault_set(fault, HK_ENOMEM, "out of memory");
    table->name = (struct hk_slice){ copy, name.size };
    if (fstat(fd, &status) != 0)
        return hk_fault_set_sys(fault, HK_EIO, errno, "the table %s", copy);
    size_t size = (size_t)status.st_size;
    void *at = mmap(NULL, size > 0 ? size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return hk_fault_set_sys(fault, HK_EIO, errno, "mapping the table %s", copy);
    (void)close(fd);
    if (hk_table_view_init(&table->view, at, size) != 0)
        return hk_fault_set(fault, HK_EDAMAGED, "the table %s is damaged", copy);
    return 0;
}

int hk_setup_world(const struct hk_wire_setup *setup, struct hk_state_world *world,
                   struct hk_fault *fault)
{
    *world = (struct hk_state_world){
        .time_ms_max = setup->time_ms_max,
        .memory_bytes_max = setup->memory_bytes_max,
        .plan_bytes_max = setup->plan_bytes_max,
        .tables = hk_alloc_zero_or_die(setup->table_count + 1U, sizeof(*world->tables)),
        .table_count = setup->table_count,
    };
    for (uint32_t i = 0; i < setup->table_count; i++) {
        int code =
            map_table((int)setup->table_fds[i], setup->table_names[i], &world->tables[i], fault);
        if (code < 0)
            return code;
    }
    return 0;
}
