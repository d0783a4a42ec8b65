// SPDX-License-Identifier: Apache-2.0
#include "policy/table_draft.h"

#include "base/alloc.h"
#include "policy/table.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS_MIN 16u
/** What one write to the memfd gathers. */
#define CHUNK_BYTES ((size_t)1 << 16)

void hk__table_draft_fini(struct hk__table_draft *draft)
{
    hk_free(draft->entries);
    hk_free(draft->slots);
    hk_bytes_fini(&draft->bytes);
    *draft = (struct hk__table_draft){ .path = draft->path };
}

static uint32_t *slot_free(uint32_t *slots, uint32_t slot_count, uint32_t hash)
{
    uint32_t at = hash & (slot_count - 1);
    while (slots[at] != 0)
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

/** Doubles the slots when one more entry would fill more than half. */
static int slots_grow(struct hk__table_draft *draft)
{
    if (draft->count < draft->slot_count / 2)
        return 0;
    uint32_t slot_count = draft->slot_count == 0 ? SLOTS_MIN : draft->slot_count * 2;
    uint32_t *slots = hk_alloc_zero(slot_count, sizeof(*slots));
    if (slots == NULL)
        return HK_ENOMEM;
    for (uint32_t i = 0; i < draft->count; i++)
        *slot_free(slots, slot_count, draft->entries[i].hash) = i + 1;
    hk_free(draft->slots);
    draft->slots = slots;
    draft->slot_count = slot_count;
    return 0;
}

static int entries_grow(struct hk__table_draft *draft)
{
    if (draft->count < draft->capacity)
        return 0;
    uint32_t capacity = draft->capacity == 0 ? SLOTS_MIN : draft->capacity * 2;
    struct hk__table_entry *entries = hk_realloc(draft->entries, capacity, sizeof(*entries));
    if (entries == NULL)
        return HK_ENOMEM;
    draft->entries = entries;
    draft->capacity = capacity;
    return 0;
}

static bool has_key(const struct hk__table_draft *draft, uint32_t hash, struct hk_slice key)
{
    uint32_t mask = draft->slot_count - 1;
    for (uint32_t at = hash & mask; draft->slots[at] != 0; at = (at + 1) & mask) {
        const struct hk__table_entry *entry = &draft->entries[draft->slots[at] - 1];
        struct hk_slice there = { draft->bytes.at + entry->key_at, entry->key_size };
        if (entry->hash == hash && hk_slice_is_equal(there, key))
            return true;
    }
    return false;
}

static int bytes_add(struct hk__table_draft *draft, struct hk_slice key, struct hk_slice value)
{
    // Keys and values come of the source, each at most six times as long; this bounds all of them.
    if (key.size > UINT32_MAX || value.size > UINT32_MAX)
        return HK_ELIMIT;
    if (draft->bytes.size + key.size + value.size > 4 * HK_TABLE_BYTES_MAX)
        return HK_ELIMIT;
    int rc = hk_bytes_reserve(&draft->bytes, key.size + value.size);
    if (rc == 0)
        rc = hk_bytes_append(&draft->bytes, key.at, key.size);
    if (rc == 0)
        rc = hk_bytes_append(&draft->bytes, value.at, value.size);
    return rc;
}

int hk__table_draft_add(struct hk__table_draft *draft, struct hk_slice key, struct hk_slice value)
{
    uint32_t hash = (uint32_t)hk_hash64(&draft->key, key.at, key.size);
    if (draft->count == HK_TABLE_ENTRIES_MAX)
        return HK_ELIMIT;
    int rc = slots_grow(draft);
    if (rc == 0)
        rc = entries_grow(draft);
    if (rc != 0)
        return rc;
    if (has_key(draft, hash, key))
        return HK_EEXISTS;
    uint64_t at = draft->bytes.size;
    rc = bytes_add(draft, key, value);
    if (rc != 0)
        return rc;
    draft->entries[draft->count] = (struct hk__table_entry){
        at, at + key.size, (uint32_t)key.size, (uint32_t)value.size, hash,
    };
    draft->count++;
    *slot_free(draft->slots, draft->slot_count, hash) = draft->count;
    return 0;
}

int hk__table_draft_refuse(const struct hk__table_draft *draft, int code, uint64_t line,
                           struct hk_slice key, struct hk_fault *fault)
{
    struct hk_slice start = hk_slice_cut(key, 100);
    const char *path = draft->path;
    unsigned long long number = line;
    if (code == HK_EEXISTS)
        return hk_fault_set(fault, HK_ESYNTAX, "%s:%llu: the key '%.*s' stands there twice", path,
                            number, (int)start.size, start.at);
    if (code == HK_ELIMIT)
        return hk_fault_set(fault, code, "%s:%llu: more than %u entries, or too large", path,
                            number, HK_TABLE_ENTRIES_MAX);
    return hk_fault_set(fault, code, "%s:%llu: %s", path, number, hk_error_text(code));
}

// ---- the memfd -------------------------------------------------------------------------------

/** Gathers small pieces into large writes; `rc` keeps the first failure. */
struct output {
    int fd;
    int rc;
    size_t used;
    char chunk[CHUNK_BYTES];
};

static void output_write(struct output *output, const char *at, size_t size)
{
    while (size > 0 && output->rc == 0) {
        ssize_t written = write(output->fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            output->rc = errno == ENOMEM || errno == ENOSPC ? HK_ENOMEM : HK_EIO;
            return;
        }
        at += written;
        size -= (size_t)written;
    }
}

static void output_flush(struct output *output)
{
    output_write(output, output->chunk, output->used);
    output->used = 0;
}

static void output_put(struct output *output, const void *data, size_t size)
{
    if (output->used + size > sizeof(output->chunk))
        output_flush(output);
    memcpy(output->chunk + output->used, data, size);
    output->used += size;
}

static void put_u32(struct output *output, uint32_t value)
{
    value = htole32(value);
    output_put(output, &value, sizeof(value));
}

static void put_u64(struct output *output, uint64_t value)
{
    value = htole64(value);
    output_put(output, &value, sizeof(value));
}

static void put_block(struct output *output, const struct hk__table_draft *draft)
{
    uint64_t first = HK__TABLE_HEAD_BYTES + (uint64_t)draft->slot_count * HK__TABLE_SLOT_BYTES +
                     (uint64_t)draft->count * HK__TABLE_ENTRY_BYTES;
    output_put(output, HK__TABLE_MAGIC, strlen(HK__TABLE_MAGIC));
    put_u32(output, draft->count);
    put_u32(output, draft->slot_count);
    put_u64(output, draft->key.words[0]);
    put_u64(output, draft->key.words[1]);
    for (uint32_t i = 0; i < draft->slot_count; i++)
        put_u32(output, draft->slots[i]);
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct hk__table_entry *entry = &draft->entries[i];
        put_u64(output, first + entry->key_at);
        put_u32(output, entry->key_size);
        put_u64(output, first + entry->value_at);
        put_u32(output, entry->value_size);
    }
    output_flush(output);
    output_write(output, draft->bytes.at, draft->bytes.size);
}

int hk__table_draft_seal(struct hk__table_draft *draft, int *fd, struct hk_fault *fault)
{
    struct output *output = NULL;
    // Also a table without entries has slots, so that a search has where to end.
    int rc = slots_grow(draft);
    int file = rc == 0 ? memfd_create("hookd-table", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
    if (rc == 0 && file < 0)
        return hk_fault_set_sys(fault, HK_EIO, errno, "%s: memfd_create", draft->path);
    if (rc == 0)
        output = hk_alloc(sizeof(*output));
    if (output == NULL) {
        rc = HK_ENOMEM;
        goto fail;
    }
    output->fd = file;
    output->rc = 0;
    output->used = 0;
    put_block(output, draft);
    rc = output->rc;
    if (rc == 0 &&
        fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        rc = HK_EIO;
    if (rc != 0)
        goto fail;
    hk_free(output);
    *fd = file;
    return 0;

fail:
    hk_free(output);
    if (file >= 0)
        (void)close(file);
    return hk_fault_set(fault, rc, "%s: the table cannot be kept: %s", draft->path,
                        hk_error_text(rc));
}
