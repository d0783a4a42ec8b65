// SPDX-License-Identifier: Apache-2.0
#include "worker/convert_place.h"

int hk__convert_put(struct hk__convert_writer *writer, const char *at, size_t size)
{
    if (size > writer->out_size_max - writer->out->size)
        return HK_ELIMIT;
    return hk_bytes_append(writer->out, at, size);
}

int hk__convert_copy(struct hk__convert_writer *writer, const char *at)
{
    const char *from = writer->copied;
    writer->copied = at;
    return hk__convert_put(writer, from, (size_t)(at - from));
}

int hk__convert_keep(struct hk__convert_writer *writer, struct hk__convert_edit *edit,
                     const char *start)
{
    int rc = 0;
    if (edit->is_inserting && edit->kept_end == NULL) {
        // The new items stand before the first that is kept, so no comma of the original fits.
        rc = hk__convert_put(writer, ",", 1);
        writer->copied = start;
    } else if (!edit->is_inserting && edit->gap != NULL) {
        rc = hk__convert_copy(writer, edit->gap);
        writer->copied = start;
    }
    edit->is_inserting = false;
    edit->gap = NULL;
    edit->has_any = true;
    return rc;
}

void hk__convert_kept(struct hk__convert_edit *edit, const char *end)
{
    edit->kept_end = end;
}

void hk__convert_leave_out(struct hk__convert_writer *writer, struct hk__convert_edit *edit,
                           const char *start, const char *end)
{
    if (edit->gap == NULL)
        edit->gap = start;
    edit->gap_end = end;
    if (edit->is_inserting)
        writer->copied = end;
}

int hk__convert_insert(struct hk__convert_writer *writer, struct hk__convert_edit *edit)
{
    int rc = 0;
    if (!edit->is_inserting) {
        const char *until = edit->gap != NULL ? edit->gap : edit->open;
        rc = hk__convert_copy(writer, edit->kept_end != NULL ? edit->kept_end : until);
        if (edit->gap != NULL)
            writer->copied = edit->gap_end;
        edit->is_inserting = true;
    }
    if (rc == 0 && edit->has_any)
        rc = hk__convert_put(writer, ",", 1);
    edit->has_any = true;
    return rc;
}

int hk__convert_close(struct hk__convert_writer *writer, const struct hk__convert_edit *edit,
                      const char *close)
{
    int rc = 0;
    if (edit->is_inserting && edit->kept_end == NULL && edit->gap == NULL) {
        // The original is empty, and may have white space between its brackets.
        writer->copied = close;
    } else if (!edit->is_inserting && edit->gap != NULL) {
        rc = hk__convert_copy(writer, edit->kept_end != NULL ? edit->kept_end : edit->gap);
        writer->copied = edit->gap_end;
    }
    return rc;
}
