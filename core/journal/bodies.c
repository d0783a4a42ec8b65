// SPDX-License-Identifier: Apache-2.0
#include "journal/bodies.h"

#include "journal/record.h"
#include "journal/segment.h"

/** Most events fit: one read gets the header and the payload. */
#define FIRST_READ_BYTES 4096u

struct load {
    struct hk_segment *segment;
    struct hk_location location;
    struct hk_bytes bytes;
    struct hk_fault *fault;
};

static int damaged(const struct load *load)
{
    char name[HK_SEGMENT_NAME_MAX];
    return hk_fault_set(load->fault, HK_EDAMAGED,
                        "%s: damaged at offset %u, where the record of lsn %llu should be",
                        hk_segment_name(load->segment->first_lsn, name), load->location.offset,
                        (unsigned long long)load->location.lsn);
}

/** Makes load->bytes hold the frame's first `size` bytes. */
static int read_up_to(struct load *load, uint64_t size)
{
    char name[HK_SEGMENT_NAME_MAX];
    struct hk_file *file = load->segment->file;
    struct hk_bytes *bytes = &load->bytes;
    int sys = 0;
    size_t more = size > bytes->size ? (size_t)(size - bytes->size) : 0;
    int code = hk_bytes_reserve(bytes, more);
    if (code == 0 && more != 0)
        code = file->ops->read(file, load->location.offset + (uint64_t)bytes->size,
                               bytes->at + bytes->size, &more, &sys);
    if (code != 0)
        return hk_fault_set_sys(load->fault, code, sys, "reading %s",
                                hk_segment_name(load->segment->first_lsn, name));
    bytes->size += more;
    return 0;
}

static int read_frame(struct load *load, struct hk_slice *payload)
{
    uint64_t file_size = 0;
    int sys = 0;
    struct hk_file *file = load->segment->file;
    int code = read_up_to(load, FIRST_READ_BYTES);
    if (code != 0)
        return code;
    if (load->bytes.size < HK_FRAME_HEADER_BYTES)
        return damaged(load);
    struct hk_frame frame = hk_frame_decode((const unsigned char *)load->bytes.at);
    uint64_t size = HK_FRAME_HEADER_BYTES + (uint64_t)frame.length;
    if (size > load->bytes.size) {
        code = file->ops->size(file, &file_size, &sys);
        if (code != 0)
            return hk_fault_set_sys(load->fault, code, sys, "reading a segment's size");
        if (load->location.offset + size > file_size)
            return damaged(load);
        code = read_up_to(load, size);
        if (code != 0)
            return code;
    }
    const char *at = load->bytes.at + HK_FRAME_HEADER_BYTES;
    if (load->bytes.size < size ||
        frame.crc != hk_frame_crc(&frame, load->segment->salt, load->location.lsn, at))
        return damaged(load);
    *payload = (struct hk_slice){ at, frame.length };
    return 0;
}

/** What becomes of the payload: the one of the two that is asked for. */
struct loaded {
    struct hk_body **body;
    struct hk_plan **plan;
};

static int make_body(struct load *load, struct hk_slice payload, struct hk_body **body)
{
    struct hk_slice head, text;
    if (hk_record_find_body(payload, &head, &text) != 0)
        return damaged(load);
    *body = hk_body_new(head, text);
    return *body != NULL ? 0 : hk_fault_set(load->fault, HK_ENOMEM, "no memory for a body");
}

static int make_plan(struct load *load, struct hk_slice payload, struct hk_plan **plan)
{
    struct hk_scratch scratch = { 0 };
    struct hk_record record;
    int code = hk_record_decode(payload, &scratch, &record);
    if (code == 0 && record.type == HK_RECORD_PLAN)
        *plan = hk_plan_clone(&record.plan);
    hk_scratch_fini(&scratch);
    if (code == HK_ENOMEM)
        return hk_fault_set(load->fault, code, "no memory for a plan");
    return *plan != NULL ? 0 : damaged(load);
}

static int load_any(struct hk_segments *segments, struct hk_location location, struct loaded loaded,
                    struct hk_fault *fault)
{
    struct load load = { .location = location, .fault = fault };
    struct hk_slice payload = HK_SLICE_EMPTY;
    int sys = 0;
    int code = hk_segments_borrow(segments, location.lsn, &load.segment, &sys);
    if (code != 0)
        return hk_fault_set_sys(fault, code, sys, "no segment for the record of lsn %llu",
                                (unsigned long long)location.lsn);
    code = read_frame(&load, &payload);
    if (code == 0)
        code = loaded.body != NULL ? make_body(&load, payload, loaded.body)
                                   : make_plan(&load, payload, loaded.plan);
    hk_segments_give_back(segments, load.segment);
    hk_bytes_fini(&load.bytes);
    return code;
}

int hk_bodies_load(struct hk_segments *segments, struct hk_location location, struct hk_body **body,
                   struct hk_fault *fault)
{
    *body = NULL;
    return load_any(segments, location, (struct loaded){ .body = body }, fault);
}

int hk_bodies_load_plan(struct hk_segments *segments, struct hk_location location,
                        struct hk_plan **plan, struct hk_fault *fault)
{
    *plan = NULL;
    return load_any(segments, location, (struct loaded){ .plan = plan }, fault);
}
