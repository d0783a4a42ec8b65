// SPDX-License-Identifier: Apache-2.0
/* One contract, three disks: each test runs on the real one, the one in memory and a faulty one
 * around that, told to fail never. */
#include "journal/disk.h"

#include "base/alloc.h"
#include "journal/disk_faulty.h"
#include "journal/disk_memory.h"
#include "support_journal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct disks {
    char path[64];
    struct hk_disk *all[3]; /**< Real, memory, faulty around another memory. */
    struct hk_disk *inner;
};

static int set_up(void **state)
{
    struct disks *disks = hk_alloc_zero_or_die(1, sizeof(*disks));
    (void)snprintf(disks->path, sizeof(disks->path), "%s", "/tmp/hookd-disk-XXXXXX");
    assert_non_null(mkdtemp(disks->path));
    assert_int_equal(hk_disk_posix_open(disks->path, &disks->all[0], NULL), 0);
    disks->all[1] = hk_disk_memory_new();
    disks->inner = hk_disk_memory_new();
    disks->all[2] = hk_disk_faulty_new(disks->inner);
    *state = disks;
    return 0;
}

static void remove_file(void *arg, const char *name, uint64_t size)
{
    char path[256];
    (void)size;
    (void)snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
    (void)unlink(path);
}

static int tear_down(void **state)
{
    struct disks *disks = *state;
    static const char *const folders[] = { "journal", "" };
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/%s", disks->path, folders[i]);
        (void)disks->all[0]->ops->list(disks->all[0], folders[i], remove_file, path, NULL);
        (void)rmdir(path);
    }
    hk_disk_posix_close(disks->all[0]);
    hk_disk_memory_free(disks->all[1]);
    hk_disk_faulty_free(disks->all[2]);
    hk_disk_memory_free(disks->inner);
    hk_free(disks);
    return 0;
}

static void test_files_keep_what_was_written(void **state)
{
    struct disks *disks = *state;
    for (size_t i = 0; i < 3; i++) {
        struct hk_disk *disk = disks->all[i];
        struct hk_file *file = NULL;
        char read_back[16] = { 0 };
        size_t size = sizeof(read_back);
        uint64_t file_size = 0;
        assert_int_equal(disk->ops->make_folder(disk, "journal", NULL), 0);
        assert_int_equal(disk->ops->make_folder(disk, "journal", NULL), 0);
        assert_int_equal(disk->ops->create(disk, "journal/a", &file, NULL), 0);
        assert_int_equal(file->ops->allocate(file, 100, NULL), 0);
        assert_int_equal(file->ops->write(file, 90, "0123456789abc", 13, NULL), 0);
        assert_int_equal(file->ops->size(file, &file_size, NULL), 0);
        assert_int_equal(file_size, 103);
        assert_int_equal(file->ops->read(file, 88, read_back, &size, NULL), 0);
        assert_int_equal(size, 15);
        assert_memory_equal(read_back,
                            "\0\0"
                            "0123456789abc",
                            15);
        assert_int_equal(file->ops->allocate(file, 50, NULL), 0);
        assert_int_equal(file->ops->truncate(file, 92, NULL), 0);
        assert_int_equal(file->ops->allocate(file, 94, NULL), 0);
        size = sizeof(read_back);
        assert_int_equal(file->ops->read(file, 90, read_back, &size, NULL), 0);
        assert_int_equal(size, 4);
        assert_memory_equal(read_back, "01\0\0", 4);
        size = sizeof(read_back);
        assert_int_equal(file->ops->read(file, 94, read_back, &size, NULL), 0);
        assert_int_equal(size, 0);
        assert_int_equal(file->ops->sync(file, NULL), 0);
        file->ops->close(file);
    }
}

static void test_names_come_go_and_change(void **state)
{
    struct disks *disks = *state;
    for (size_t i = 0; i < 3; i++) {
        struct hk_disk *disk = disks->all[i];
        struct hk_file *file = NULL;
        int sys = 0;
        assert_int_equal(disk->ops->make_folder(disk, "journal", NULL), 0);
        assert_int_equal(disk->ops->open(disk, "journal/a", &file, &sys), HK_ENOTFOUND);
        assert_int_equal(sys, ENOENT);
        assert_int_equal(disk->ops->create(disk, "journal/a", &file, NULL), 0);
        file->ops->close(file);
        assert_int_equal(disk->ops->create(disk, "journal/a", &file, &sys), HK_EEXISTS);
        assert_int_equal(disk->ops->create(disk, "journal/b", &file, NULL), 0);
        assert_int_equal(file->ops->write(file, 0, "b", 1, NULL), 0);
        file->ops->close(file);
        assert_int_equal(count_files(disk, "journal", ""), 2);
        assert_int_equal(disk->ops->rename(disk, "journal/b", "journal/a", NULL), 0);
        assert_int_equal(count_files(disk, "journal", ""), 1);
        struct hk_bytes bytes = read_file(disk, "journal/a");
        assert_true(hk_slice_is(hk_bytes_slice(&bytes), "b"));
        hk_bytes_fini(&bytes);
        assert_int_equal(disk->ops->rename(disk, "journal/b", "journal/c", NULL), HK_ENOTFOUND);
        assert_int_equal(disk->ops->sync_folder(disk, "journal", NULL), 0);
        assert_int_equal(disk->ops->sync_folder(disk, "", NULL), 0);
        assert_int_equal(disk->ops->unlink(disk, "journal/a", NULL), 0);
        assert_int_equal(disk->ops->unlink(disk, "journal/a", NULL), HK_ENOTFOUND);
        assert_int_equal(count_files(disk, "journal", ""), 0);
    }
}

static void test_the_lock_is_for_one(void **state)
{
    struct disks *disks = *state;
    for (size_t i = 0; i < 3; i++) {
        struct hk_disk *disk = disks->all[i];
        assert_int_equal(disk->ops->lock(disk, NULL), 0);
        assert_int_equal(disk->ops->lock(disk, NULL), HK_ELOCKED);
        disk->ops->unlock(disk);
        assert_int_equal(disk->ops->lock(disk, NULL), 0);
        disk->ops->unlock(disk);
    }
}

static void test_the_real_lock_keeps_another_disk_out(void **state)
{
    struct disks *disks = *state;
    struct hk_disk *second = NULL;
    assert_int_equal(hk_disk_posix_open(disks->path, &second, NULL), 0);
    assert_int_equal(disks->all[0]->ops->lock(disks->all[0], NULL), 0);
    assert_int_equal(second->ops->lock(second, NULL), HK_ELOCKED);
    disks->all[0]->ops->unlock(disks->all[0]);
    assert_int_equal(second->ops->lock(second, NULL), 0);
    hk_disk_posix_close(second);
}

static void test_only_the_owner_may_look(void **state)
{
    struct disks *disks = *state;
    struct hk_disk *disk = disks->all[0];
    struct hk_file *file = NULL;
    struct stat about;
    char path[128];
    mode_t before = umask(0);
    assert_int_equal(disk->ops->make_folder(disk, "journal", NULL), 0);
    assert_int_equal(disk->ops->create(disk, "journal/a", &file, NULL), 0);
    file->ops->close(file);
    (void)umask(before);
    (void)snprintf(path, sizeof(path), "%s/journal", disks->path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof(path), "%s/journal/a", disks->path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void test_a_journal_lives_on_the_real_disk(void **state)
{
    struct disks *disks = *state;
    struct opening opening = { .disk = disks->all[0], .segment_bytes = 4096 };
    opening_do(&opening);
    opening_commit_events(&opening, 1, 50, 300);
    opening_close(&opening);
    opening_do(&opening);
    assert_int_equal(opening.history.count, 50);
    for (uint64_t lsn = 1; lsn <= 50; lsn++)
        assert_is_event(&opening.history.items[lsn - 1], lsn, 300);
    opening_close(&opening);
    assert_int_equal(disks->all[0]->ops->unlink(disks->all[0], "snapshot/x", NULL), HK_ENOTFOUND);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/snapshot", disks->path);
    assert_int_equal(rmdir(path), 0);
}

static void test_a_fault_comes_when_it_was_ordered(void **state)
{
    struct disks *disks = *state;
    struct hk_disk *disk = disks->all[2];
    struct hk_file *file = NULL;
    int sys = 0;
    assert_int_equal(disk->ops->create(disk, "a", &file, NULL), 0);
    hk_disk_faulty_fail_at(disk, 2, false, ENOSPC);
    assert_int_equal(file->ops->write(file, 0, "abcd", 4, &sys), 0);
    assert_int_equal(file->ops->write(file, 4, "efgh", 4, &sys), HK_ENOSPC);
    assert_int_equal(sys, ENOSPC);
    assert_int_equal(file->ops->write(file, 6, "ij", 2, &sys), 0);
    assert_int_equal(hk_disk_faulty_count(disk), 3);
    struct hk_bytes bytes = read_file(disk, "a");
    assert_true(hk_slice_is(hk_bytes_slice(&bytes), "abcdefij"));
    hk_bytes_fini(&bytes);
    hk_disk_faulty_fail_at(disk, 1, true, EIO);
    assert_int_equal(file->ops->sync(file, &sys), HK_EIO);
    assert_int_equal(disk->ops->sync_folder(disk, "", &sys), HK_EIO);
    assert_int_equal(disk->ops->unlink(disk, "a", &sys), HK_EIO);
    file->ops->close(file);
}

static void test_a_crash_takes_what_was_not_synced(void **state)
{
    uint32_t name_count = 0, old_count = 0, new_count = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct hk_disk *disk = hk_disk_memory_new();
        struct hk_prng prng;
        struct hk_file *file = NULL;
        hk_prng_init(&prng, seed);
        assert_int_equal(disk->ops->create(disk, "journal/a", &file, NULL), 0);
        assert_int_equal(file->ops->write(file, 0, "old", 3, NULL), 0);
        assert_int_equal(file->ops->sync(file, NULL), 0);
        assert_int_equal(disk->ops->sync_folder(disk, "journal", NULL), 0);
        assert_int_equal(file->ops->write(file, 0, "new", 3, NULL), 0);
        assert_int_equal(disk->ops->rename(disk, "journal/a", "journal/b", NULL), 0);
        hk_disk_memory_crash(disk, &prng);
        assert_int_equal(file->ops->sync(file, NULL), HK_EIO);
        file->ops->close(file);
        assert_int_equal(count_files(disk, "journal", ""), 1);
        bool is_renamed = count_files(disk, "journal", "b") == 1;
        struct hk_bytes bytes = read_file(disk, is_renamed ? "journal/b" : "journal/a");
        assert_int_equal(bytes.size, 3);
        name_count += is_renamed;
        old_count += memcmp(bytes.at, "old", 3) == 0;
        new_count += memcmp(bytes.at, "new", 3) == 0;
        hk_bytes_fini(&bytes);
        hk_disk_memory_free(disk);
    }
    // All of it happens: either name, all old, all new, torn.
    assert_in_range(name_count, 50, 150);
    assert_in_range(old_count, 20, 180);
    assert_in_range(new_count, 20, 180);
    assert_true(old_count + new_count < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_keep_what_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_come_go_and_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_lock_is_for_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_real_lock_keeps_another_disk_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_owner_may_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_journal_lives_on_the_real_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_fault_comes_when_it_was_ordered, set_up, tear_down),
        cmocka_unit_test(test_a_crash_takes_what_was_not_synced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
