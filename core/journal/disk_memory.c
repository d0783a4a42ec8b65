// SPDX-License-Identifier: Apache-2.0
#include "journal/disk_memory.h"

#include "base/alloc.h"
#include "base/check.h"

#include <errno.h>
#include <pthread.h>

#define SECTOR_BYTES 512u

enum { NAME_BYTES_MAX = 96 };

/** The bytes of a file at one time. Beyond `stored` it reads as zeros. */
struct image {
    unsigned char *bytes;
    uint64_t stored, capacity;
    uint64_t size;
};

/** A file, whatever its name. It lives while a name or a handle refers to it. */
struct node {
    uint32_t references;
    struct image now;
    struct image synced;
    uint64_t dirty_from, dirty_to; /**< Where the two may differ. */
};

struct entry {
    char name[NAME_BYTES_MAX];
    struct node *node;
};

/** What the names mean at one time. */
struct names {
    struct entry *items;
    uint32_t count, capacity;
};

/** A change of a folder that is not synced yet: `name` gets `node`, or goes when that is NULL. A
 * rename is both in one. */
struct change {
    char name[NAME_BYTES_MAX];
    char gone[NAME_BYTES_MAX]; /**< The old name of a rename; else empty. */
    struct node *node;
};

struct memory_disk {
    struct hk_disk disk; /**< First: the ops get a pointer to it. */
    pthread_mutex_t lock;
    struct names now, synced;
    struct change *changes;
    uint32_t change_count, change_capacity;
    uint32_t epoch; /**< Rises with every crash. */
    uint32_t handle_count;
    bool is_locked;
};

struct memory_file {
    struct hk_file file; /**< First. */
    struct memory_disk *disk;
    struct node *node;
    uint32_t epoch;
};

/* Images. */

static void image_store(struct image *image, uint64_t stored)
{
    if (stored <= image->stored)
        return;
    if (stored > image->capacity) {
        uint64_t capacity = image->capacity * 2 > stored ? image->capacity * 2 : stored;
        image->bytes = hk_realloc_or_die(image->bytes, capacity, 1);
        image->capacity = capacity;
    }
    memset(image->bytes + image->stored, 0, stored - image->stored);
    image->stored = stored;
}

static void image_resize(struct image *image, uint64_t size)
{
    if (image->stored > size)
        image->stored = size;
    image->size = size;
}

static void image_write(struct image *image, uint64_t offset, const void *data, size_t size)
{
    if (size == 0)
        return;
    image_store(image, offset + size);
    memcpy(image->bytes + offset, data, size);
    if (image->size < offset + size)
        image->size = offset + size;
}

/** Reads bytes that lie within the size. */
static void image_read(const struct image *image, uint64_t offset, void *data, size_t size)
{
    size_t stored = 0;
    if (offset < image->stored)
        stored = image->stored - offset < size ? (size_t)(image->stored - offset) : size;
    if (stored != 0)
        memcpy(data, image->bytes + offset, stored);
    memset((char *)data + stored, 0, size - stored);
}

/** Makes `to` have what `from` has, which can differ from `dirty_from` to `dirty_to` only. */
static void image_copy(struct image *to, const struct image *from, uint64_t dirty_from,
                       uint64_t dirty_to)
{
    if (dirty_to > from->stored)
        dirty_to = from->stored;
    if (to->stored > from->stored)
        to->stored = from->stored;
    to->size = from->size;
    image_store(to, from->stored);
    if (dirty_from < dirty_to)
        memcpy(to->bytes + dirty_from, from->bytes + dirty_from, dirty_to - dirty_from);
}

/* Nodes and names. */

static struct node *node_ref(struct node *node)
{
    if (node != NULL)
        node->references++;
    return node;
}

static void node_unref(struct node *node)
{
    if (node == NULL || --node->references != 0)
        return;
    hk_free(node->now.bytes);
    hk_free(node->synced.bytes);
    hk_free(node);
}

static void node_touch(struct node *node, uint64_t from, uint64_t to)
{
    if (from < node->dirty_from)
        node->dirty_from = from;
    if (to > node->dirty_to)
        node->dirty_to = to;
}

static void node_sync(struct node *node)
{
    image_copy(&node->synced, &node->now, node->dirty_from, node->dirty_to);
    node->dirty_from = UINT64_MAX;
    node->dirty_to = 0;
}

static struct entry *names_find(const struct names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].name, name) == 0)
            return &names->items[i];
    return NULL;
}

static void names_set(struct names *names, const char *name, struct node *node)
{
    struct entry *entry = names_find(names, name);
    (void)node_ref(node);
    if (entry == NULL && node == NULL)
        return;
    if (entry == NULL) {
        if (names->count == names->capacity) {
            names->capacity = names->capacity != 0 ? names->capacity * 2 : 16;
            names->items = hk_realloc_or_die(names->items, names->capacity, sizeof(*names->items));
        }
        entry = &names->items[names->count++];
        *entry = (struct entry){ .node = NULL };
        memcpy(entry->name, name, strlen(name) + 1);
    }
    node_unref(entry->node);
    entry->node = node;
    if (node == NULL)
        *entry = names->items[--names->count];
}

static void names_clear(struct names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        node_unref(names->items[i].node);
    names->count = 0;
}

static bool is_in_folder(const char *name, const char *folder)
{
    size_t size = strlen(folder);
    if (size == 0)
        return strchr(name, '/') == NULL;
    return strncmp(name, folder, size) == 0 && name[size] == '/';
}

/** Notes a change and makes it, until a crash may take it back. */
static void change_names(struct memory_disk *disk, const char *name, const char *gone,
                         struct node *node)
{
    if (disk->change_count == disk->change_capacity) {
        disk->change_capacity = disk->change_capacity != 0 ? disk->change_capacity * 2 : 16;
        disk->changes =
            hk_realloc_or_die(disk->changes, disk->change_capacity, sizeof(*disk->changes));
    }
    struct change *change = &disk->changes[disk->change_count++];
    *change = (struct change){ .node = node_ref(node) };
    memcpy(change->name, name, strlen(name) + 1);
    memcpy(change->gone, gone, strlen(gone) + 1);
    names_set(&disk->now, name, node);
    if (*gone != '\0')
        names_set(&disk->now, gone, NULL);
}

/** Makes the first `count` changes of a folder durable and forgets all of them. */
static void settle_folder(struct memory_disk *disk, const char *folder, uint64_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < disk->change_count; i++) {
        struct change *change = &disk->changes[i];
        if (!is_in_folder(change->name, folder)) {
            disk->changes[kept++] = *change;
            continue;
        }
        if (count != 0) {
            count--;
            names_set(&disk->synced, change->name, change->node);
            if (*change->gone != '\0')
                names_set(&disk->synced, change->gone, NULL);
        }
        node_unref(change->node);
    }
    disk->change_count = kept;
}

/* The operations. */

static struct memory_disk *enter(struct hk_disk *disk)
{
    struct memory_disk *memory = (struct memory_disk *)disk;
    pthread_mutex_lock(&memory->lock);
    return memory;
}

static int leave(struct memory_disk *disk, int code, int found_sys, int *sys)
{
    pthread_mutex_unlock(&disk->lock);
    if (sys != NULL)
        *sys = code != 0 ? found_sys : 0;
    return code;
}

/** Like enter, for a file; NULL (and all unlocked) when its disk has crashed since. */
static struct memory_file *enter_file(struct hk_file *file, int *sys)
{
    struct memory_file *memory = (struct memory_file *)file;
    pthread_mutex_lock(&memory->disk->lock);
    if (memory->epoch == memory->disk->epoch)
        return memory;
    (void)leave(memory->disk, HK_EIO, EIO, sys);
    return NULL;
}

static struct hk_file *handle_new(struct memory_disk *disk, struct node *node)
{
    struct memory_file *file = hk_alloc_zero_or_die(1, sizeof(*file));
    file->file.ops = disk->disk.ops;
    file->disk = disk;
    file->node = node_ref(node);
    file->epoch = disk->epoch;
    disk->handle_count++;
    return &file->file;
}

static int memory_open(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    struct memory_disk *memory = enter(disk);
    const struct entry *entry = names_find(&memory->now, name);
    if (entry == NULL)
        return leave(memory, HK_ENOTFOUND, ENOENT, sys);
    *file = handle_new(memory, entry->node);
    return leave(memory, 0, 0, sys);
}

static int memory_create(struct hk_disk *disk, const char *name, struct hk_file **file, int *sys)
{
    struct memory_disk *memory = enter(disk);
    hk_assert(strlen(name) < NAME_BYTES_MAX);
    if (names_find(&memory->now, name) != NULL)
        return leave(memory, HK_EEXISTS, EEXIST, sys);
    struct node *node = hk_alloc_zero_or_die(1, sizeof(*node));
    node->dirty_from = UINT64_MAX;
    change_names(memory, name, "", node);
    *file = handle_new(memory, node);
    return leave(memory, 0, 0, sys);
}

static void memory_close(struct hk_file *file)
{
    struct memory_file *memory = (struct memory_file *)file;
    pthread_mutex_lock(&memory->disk->lock);
    node_unref(memory->node);
    memory->disk->handle_count--;
    pthread_mutex_unlock(&memory->disk->lock);
    hk_free(memory);
}

static int memory_read(struct hk_file *file, uint64_t offset, void *data, size_t *size, int *sys)
{
    struct memory_file *memory = enter_file(file, sys);
    if (memory == NULL)
        return HK_EIO;
    const struct image *image = &memory->node->now;
    uint64_t left = offset < image->size ? image->size - offset : 0;
    if (left < *size)
        *size = (size_t)left;
    image_read(image, offset, data, *size);
    return leave(memory->disk, 0, 0, sys);
}

static int memory_write(struct hk_file *file, uint64_t offset, const void *data, size_t size,
                        int *sys)
{
    struct memory_file *memory = enter_file(file, sys);
    if (memory == NULL)
        return HK_EIO;
    image_write(&memory->node->now, offset, data, size);
    node_touch(memory->node, offset, offset + size);
    return leave(memory->disk, 0, 0, sys);
}

static int memory_resize(struct hk_file *file, uint64_t size, bool only_up, int *sys)
{
    struct memory_file *memory = enter_file(file, sys);
    if (memory == NULL)
        return HK_EIO;
    struct node *node = memory->node;
    if (size < node->now.size && only_up)
        size = node->now.size;
    // What is cut off must read as zeros if the file grows again, in both images.
    if (size < node->now.size)
        node_touch(node, size, node->now.size);
    image_resize(&node->now, size);
    return leave(memory->disk, 0, 0, sys);
}

static int memory_allocate(struct hk_file *file, uint64_t size, int *sys)
{
    return memory_resize(file, size, true, sys);
}

static int memory_truncate(struct hk_file *file, uint64_t size, int *sys)
{
    return memory_resize(file, size, false, sys);
}

static int memory_sync(struct hk_file *file, int *sys)
{
    struct memory_file *memory = enter_file(file, sys);
    if (memory == NULL)
        return HK_EIO;
    node_sync(memory->node);
    return leave(memory->disk, 0, 0, sys);
}

static int memory_size(struct hk_file *file, uint64_t *size, int *sys)
{
    struct memory_file *memory = enter_file(file, sys);
    if (memory == NULL)
        return HK_EIO;
    *size = memory->node->now.size;
    return leave(memory->disk, 0, 0, sys);
}

static int memory_sync_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    struct memory_disk *memory = enter(disk);
    settle_folder(memory, folder, UINT64_MAX);
    return leave(memory, 0, 0, sys);
}

/* Folders are always there: what could be lost with one is lost with its names. */
static int memory_make_folder(struct hk_disk *disk, const char *folder, int *sys)
{
    (void)folder;
    return leave(enter(disk), 0, 0, sys);
}

static int memory_rename(struct hk_disk *disk, const char *from, const char *to, int *sys)
{
    struct memory_disk *memory = enter(disk);
    const struct entry *entry = names_find(&memory->now, from);
    hk_assert(strlen(to) < NAME_BYTES_MAX);
    if (entry == NULL)
        return leave(memory, HK_ENOTFOUND, ENOENT, sys);
    struct node *node = node_ref(entry->node);
    change_names(memory, to, from, node);
    node_unref(node);
    return leave(memory, 0, 0, sys);
}

static int memory_unlink(struct hk_disk *disk, const char *name, int *sys)
{
    struct memory_disk *memory = enter(disk);
    if (names_find(&memory->now, name) == NULL)
        return leave(memory, HK_ENOTFOUND, ENOENT, sys);
    change_names(memory, name, "", NULL);
    return leave(memory, 0, 0, sys);
}

static int memory_list(struct hk_disk *disk, const char *folder, hk_disk_name_fn each, void *arg,
                       int *sys)
{
    struct memory_disk *memory = enter(disk);
    size_t skip = *folder != '\0' ? strlen(folder) + 1 : 0;
    for (uint32_t i = 0; i < memory->now.count; i++) {
        const struct entry *entry = &memory->now.items[i];
        if (is_in_folder(entry->name, folder))
            each(arg, entry->name + skip, entry->node->now.size);
    }
    return leave(memory, 0, 0, sys);
}

static int memory_lock(struct hk_disk *disk, int *sys)
{
    struct memory_disk *memory = enter(disk);
    if (memory->is_locked)
        return leave(memory, HK_ELOCKED, EWOULDBLOCK, sys);
    memory->is_locked = true;
    return leave(memory, 0, 0, sys);
}

static void memory_unlock(struct hk_disk *disk)
{
    struct memory_disk *memory = enter(disk);
    memory->is_locked = false;
    (void)leave(memory, 0, 0, NULL);
}

struct hk_disk *hk_disk_memory_new(void)
{
    static const struct hk_disk_ops ops = {
        .open = memory_open,
        .create = memory_create,
        .reopen = memory_open,
        .close = memory_close,
        .read = memory_read,
        .write = memory_write,
        .allocate = memory_allocate,
        .truncate = memory_truncate,
        .sync = memory_sync,
        .size = memory_size,
        .sync_folder = memory_sync_folder,
        .make_folder = memory_make_folder,
        .rename = memory_rename,
        .unlink = memory_unlink,
        .list = memory_list,
        .lock = memory_lock,
        .unlock = memory_unlock,
    };
    struct memory_disk *disk = hk_alloc_zero_or_die(1, sizeof(*disk));
    disk->disk.ops = &ops;
    hk_assert(pthread_mutex_init(&disk->lock, NULL) == 0);
    return &disk->disk;
}

static void forget_changes(struct memory_disk *disk)
{
    for (uint32_t i = 0; i < disk->change_count; i++)
        node_unref(disk->changes[i].node);
    disk->change_count = 0;
}

void hk_disk_memory_free(struct hk_disk *disk)
{
    struct memory_disk *memory = (struct memory_disk *)disk;
    if (disk == NULL)
        return;
    hk_assert(memory->handle_count == 0);
    forget_changes(memory);
    names_clear(&memory->now);
    names_clear(&memory->synced);
    hk_free(memory->changes);
    hk_free(memory->now.items);
    hk_free(memory->synced.items);
    pthread_mutex_destroy(&memory->lock);
    hk_free(memory);
}

struct hk_disk *hk_disk_memory_clone(struct hk_disk *disk)
{
    struct hk_disk *copy = hk_disk_memory_new();
    struct memory_disk *to = (struct memory_disk *)copy;
    struct memory_disk *from = enter(disk);
    for (uint32_t i = 0; i < from->now.count; i++) {
        const struct image *image = &from->now.items[i].node->now;
        struct node *node = hk_alloc_zero_or_die(1, sizeof(*node));
        image_copy(&node->now, image, 0, image->stored);
        node_touch(node, 0, image->stored);
        node_sync(node);
        names_set(&to->now, from->now.items[i].name, node);
        names_set(&to->synced, from->now.items[i].name, node);
    }
    (void)leave(from, 0, 0, NULL);
    return copy;
}

/* The crash. */

/** Draws one sector's fate: old, new, or the first part new. */
static void crash_sector(struct node *node, uint64_t offset, struct hk_prng *prng)
{
    unsigned char before[SECTOR_BYTES], after[SECTOR_BYTES];
    uint64_t end = node->now.size > node->synced.size ? node->now.size : node->synced.size;
    size_t size = end - offset < SECTOR_BYTES ? (size_t)(end - offset) : SECTOR_BYTES;
    image_read(&node->synced, offset, before, size);
    image_read(&node->now, offset, after, size);
    if (memcmp(before, after, size) == 0)
        return;
    uint64_t fate = hk_prng_below(prng, 8);
    size_t kept = fate < 3 ? 0 : fate < 7 ? size : (size_t)hk_prng_below(prng, size);
    memcpy(before, after, kept);
    image_write(&node->synced, offset, before, size);
}

static void crash_node(struct node *node, struct hk_prng *prng)
{
    uint64_t size_before = node->synced.size, size_after = node->now.size;
    uint64_t longer = size_before > size_after ? size_before : size_after;
    uint64_t to = node->dirty_to < longer ? node->dirty_to : longer;
    node->synced.size = longer;
    node->now.size = longer;
    for (uint64_t at = node->dirty_from / SECTOR_BYTES * SECTOR_BYTES; at < to; at += SECTOR_BYTES)
        crash_sector(node, at, prng);
    image_resize(&node->synced, hk_prng_below(prng, 2) != 0 ? size_after : size_before);
    node->now.stored = 0;
    image_copy(&node->now, &node->synced, 0, UINT64_MAX);
    node->dirty_from = UINT64_MAX;
    node->dirty_to = 0;
}

void hk_disk_memory_crash(struct hk_disk *disk, struct hk_prng *prng)
{
    static const char *const folders[] = { "", "journal", "snapshot" };
    struct memory_disk *memory = enter(disk);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        uint64_t count = 0;
        for (uint32_t at = 0; at < memory->change_count; at++)
            count += is_in_folder(memory->changes[at].name, folders[i]);
        settle_folder(memory, folders[i], hk_prng_below(prng, count + 1));
    }
    forget_changes(memory);
    names_clear(&memory->now);
    for (uint32_t i = 0; i < memory->synced.count; i++) {
        struct entry *entry = &memory->synced.items[i];
        crash_node(entry->node, prng);
        names_set(&memory->now, entry->name, entry->node);
    }
    memory->epoch++;
    memory->is_locked = false;
    (void)leave(memory, 0, 0, NULL);
}
