// SPDX-License-Identifier: Apache-2.0
/** Table: a lookup table as policies read it: key -> value, compiled once from a JSON, NDJSON, CSV
 * or MessagePack file into one block of bytes, kept in a sealed memfd that workers map. A block is
 * a pure function of its file: the hash key comes from the source's digest.
 *
 * Block, format 1, little endian: "HKTABLE1", u32 count, u32 slots (a power of two), u64 hash key
 * x 2, slots x u32 (entry number + 1, or 0), count x {u64 key offset, u32 key size, u64 value
 * offset, u32 value size}, then the bytes. Keys are text; values are JSON text, so that numbers
 * keep theirs. The reader trusts nothing: every offset is checked.
 *
 * What a file means:
 *  NAME.json     an object: member name -> value; or an array of objects, each like an NDJSON line
 *  NAME.ndjson   an object a line: its first member is the key (text or number), the whole object
 *                the value
 *  NAME.csv      RFC 4180, with a header line: the first column is the key, the value an object of
 *                all columns, as strings
 *  NAME.msgpack  a map: key (str or int) -> value
 * A key that stands twice is a fault with file and line (of MessagePack: file and byte). All text
 * is UTF-8. A byte order mark is skipped in CSV, where spreadsheets put one, and refused elsewhere.
 * CSV lines end in LF or CRLF; each has as many fields as the header; empty ones are refused. Blank
 * lines of NDJSON are skipped. Of MessagePack nil, bool, int, float, str, array and map are taken;
 * integers are exact, floats written as the shortest text that reads back the same. Thread: any. */
#pragma once
#include "base/hash.h"

struct hk_table {
    char *name;         /**< File name without its ending. */
    int fd;             /**< Sealed memfd; -1: none. Map it MAP_PRIVATE: a shared mapping of what
                           is sealed against writing is refused by kernels before 6.7. */
    uint8_t digest[32]; /**< SHA-256 of format and source; the same digest is the same block. */
};

/** Largest source file, and most entries. */
#define HK_TABLE_BYTES_MAX (UINT64_C(1) << 30)
#define HK_TABLE_ENTRIES_MAX 10000000u

/** Compiles the file at `path` (its ending tells the format) into a sealed memfd. HK_EIO, HK_EINVAL
 * and HK_ESYNTAX with file and line, HK_ELIMIT, HK_ENOMEM. */
HK_MUST_CHECK int hk_table_compile(const char *path, struct hk_table *table,
                                   struct hk_fault *fault);

/** Makes another table of the same name and block. HK_EIO, HK_ENOMEM. */
HK_MUST_CHECK int hk_table_share(const struct hk_table *from, struct hk_table *table,
                                 struct hk_fault *fault);
void hk_table_fini(struct hk_table *table);

/** Compiles likewise, but when `previous` (or NULL) was made of the same source it is not compiled
 * again: `table` shares its block. */
HK_MUST_CHECK int hk_table_renew(const char *path, const struct hk_table *previous,
                                 struct hk_table *table, struct hk_fault *fault);

/** Is this a file name that a table can have ("NAME.json", ...)? Gets the size of NAME (1 to 100
 * bytes of A-Z a-z 0-9 _ . -, the first no dot), or 0. */
size_t hk_table_name_size(const char *file_name);

/** A mapped block, checked. */
struct hk_table_view {
    const unsigned char *at;
    size_t size;
    uint32_t count, slots;
    struct hk_hash_key key;
};

/** Checks that head, slots and entries lie inside; each entry is checked when it is found. The
 * block is borrowed. HK_EDAMAGED. */
HK_MUST_CHECK int hk_table_view_init(struct hk_table_view *view, const void *at, size_t size);

/** Finds a key; false when it is not there (or points out of the block). `value` lies in the block:
 * JSON text, if the block is ours. */
bool hk_table_find(const struct hk_table_view *view, struct hk_slice key, struct hk_slice *value);
