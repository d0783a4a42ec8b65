// SPDX-License-Identifier: Apache-2.0
/* The first byte tells what the rest is: a block as a worker maps it, or a source of one of the
 * four formats. What a reader takes must be found again, and be JSON. */
#include "policy/table.h"
#include "policy/table_draft.h"

#include "base/check.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static bool is_inside(struct hk_slice part, const void *at, size_t size)
{
    return part.at >= (const char *)at && part.at + part.size <= (const char *)at + size;
}

static void check_view(const uint8_t *block, size_t size)
{
    struct hk_table_view view;
    struct hk_slice value;
    if (hk_table_view_init(&view, block, size) != 0)
        return;
    for (size_t i = 0; i < size && i < 64; i++) {
        struct hk_slice key = { (const char *)block + i, (size - i) % 9 };
        if (hk_table_find(&view, key, &value))
            hk_assert(is_inside(value, block, size));
    }
}

static void check_entries(const struct hk__table_draft *draft)
{
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct hk__table_entry *entry = &draft->entries[i];
        const char *bytes = hk_bytes_slice(&draft->bytes).at;
        struct hk_json_value top;
        hk_assert(entry->key_at + entry->key_size == entry->value_at);
        hk_assert(entry->value_at + entry->value_size <= draft->bytes.size);
        struct hk_slice value = { bytes + entry->value_at, entry->value_size };
        hk_assert(hk_json_scan(value, &top, NULL) == 0);
        hk_assert(hk_utf8_is_valid((struct hk_slice){ bytes + entry->key_at, entry->key_size }));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    struct hk__table_draft draft = { .path = "fuzz", .key = { { 1, 2 } } };
    struct hk_fault fault = { 0 };
    int rc = 0;
    if (data_bytes == 0)
        return 0;
    draft.source = (struct hk_slice){ (const char *)data + 1, data_bytes - 1 };
    switch (data[0] % 5) {
    case 0:
        check_view(data + 1, data_bytes - 1);
        break;
    case 1:
        rc = hk__table_read_json(&draft, &fault);
        break;
    case 2:
        rc = hk__table_read_ndjson(&draft, &fault);
        break;
    case 3:
        rc = hk__table_read_csv(&draft, &fault);
        break;
    default:
        rc = hk__table_read_msgpack(&draft, &fault);
        break;
    }
    hk_assert(rc == 0 || rc == HK_ESYNTAX);
    hk_assert(rc == 0 || strncmp(fault.text, "fuzz:", 5) == 0);
    if (rc == 0)
        check_entries(&draft);
    hk__table_draft_fini(&draft);
    return 0;
}
