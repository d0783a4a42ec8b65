// SPDX-License-Identifier: Apache-2.0
#include "support_worker.h"

#include "base/alloc.h"
#include "policy/wire.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SCRIPTS_MAX 64
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct script {
    bool is_there;
    uint32_t number;
    char does[32];
};

static struct script scripts[SCRIPTS_MAX];

static void say_bytes(struct hk_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(STDIN_FILENO, bytes.at, bytes.size);
        if (written <= 0)
            _exit(9);
        bytes.at += written;
        bytes.size -= (size_t)written;
    }
}

static void say(const struct hk_wire_message *message)
{
    struct hk_bytes frame = { 0 };
    if (hk_wire_encode(message, &frame) != 0)
        _exit(8);
    say_bytes(hk_bytes_slice(&frame));
    hk_bytes_fini(&frame);
}

static void say_kind(enum hk_wire_kind kind)
{
    say(&(struct hk_wire_message){ .kind = kind });
}

static void say_failed(uint64_t run, enum hk_policy_failure failure, const char *text)
{
    say(&(struct hk_wire_message){
        .kind = HK_WIRE_FAILED,
        .failed = { .answer = { .run = run, .cost = { 5, 6000 } },
                    .failure = failure,
                    .text = hk_slice_of(text) },
    });
}

static struct script *find(uint32_t number)
{
    for (size_t i = 0; i < SCRIPTS_MAX; i++) {
        if (scripts[i].is_there && scripts[i].number == number)
            return &scripts[i];
    }
    return NULL;
}

static unsigned count_scripts(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < SCRIPTS_MAX; i++)
        count += scripts[i].is_there;
    return count;
}

static void add(const struct hk_wire_script *script)
{
    for (size_t i = 0; i < SCRIPTS_MAX; i++) {
        if (scripts[i].is_there)
            continue;
        scripts[i].is_there = true;
        scripts[i].number = script->script;
        snprintf(scripts[i].does, sizeof(scripts[i].does), "%.*s", (int)script->source.text.size,
                 script->source.text.at);
        return;
    }
    _exit(7);
}

static void burn(long ms)
{
    clock_t until = clock() + ms * CLOCKS_PER_SEC / 1000;
    while (clock() < until)
        continue;
}

/* ---- answers ----------------------------------------------------------------------------- */

/** Plans all endpoints of the run, the first one as `first` says. */
static void plan(const struct hk_wire_run *run, const struct hk_wire_delivery *first,
                 struct hk_wire_planned planned)
{
    struct hk_wire_delivery *deliveries =
        hk_alloc_zero_or_die(run->endpoint_count + 1, sizeof(*deliveries));
    for (uint32_t i = 0; i < run->endpoint_count; i++)
        deliveries[i].endpoint = i;
    if (first != NULL)
        deliveries[0] = *first;
    planned.answer.run = run->run;
    planned.answer.cost = (struct hk_policy_cost){ 7, 8000 };
    planned.hooks = HK_HOOK_ROUTE;
    planned.deliveries = deliveries;
    planned.delivery_count = run->endpoint_count;
    say(&(struct hk_wire_message){ .kind = HK_WIRE_PLANNED, .planned = planned });
    hk_free(deliveries);
}

static const struct {
    const char *does;
    struct hk_slice name, value;
} bad_headers[] = {
    { "bad_name", { "X A", 3 }, { "1", 1 } },
    { "bad_empty", { "", 0 }, { "1", 1 } },
    { "bad_value", { "X-A", 3 }, { "1\r\nX-B: 2", 9 } },
    { "bad_nul", { "X-A", 3 }, { "1\0002", 3 } },
    { "bad_host", { "hOST", 4 }, { "evil.example", 12 } },
    { "bad_proxy", { "Proxy-Authorization", 19 }, { "x", 1 } },
    { "bad_webhook", { "X-Webhook-Id", 12 }, { "x", 1 } },
    { "bad_hookd", { "x-hookd-key", 11 }, { "x", 1 } },
    { "bad_standard", { "webhook-id", 10 }, { "x", 1 } },
    { "bad_signature", { "X-Hub-Signature-256", 19 }, { "x", 1 } },
};

static const struct {
    const char *does;
    struct hk_slice body;
} bad_bodies[] = {
    { "bad_json", { "{\"a\":}", 6 } },
    { "bad_scalar", { "1", 1 } },
    { "bad_nothing", { "", 0 } },
    { "bad_utf8", { "{\"a\":\"\xFF\"}", 9 } },
};

static bool plan_badly(const char *does, const struct hk_wire_run *run)
{
    for (size_t i = 0; i < COUNT(bad_headers); i++) {
        const struct hk_slice header[] = { bad_headers[i].name, bad_headers[i].value };
        const struct hk_wire_delivery first = { .headers = header, .header_count = 1 };
        if (strcmp(does, bad_headers[i].does) != 0)
            continue;
        plan(run, &first, (struct hk_wire_planned){ 0 });
        return true;
    }
    for (size_t i = 0; i < COUNT(bad_bodies); i++) {
        const struct hk_wire_delivery first = { .has_body = true, .body = bad_bodies[i].body };
        if (strcmp(does, bad_bodies[i].does) != 0)
            continue;
        plan(run, &first, (struct hk_wire_planned){ 0 });
        return true;
    }
    return false;
}

/** A body of about a thousand bytes for each endpoint. */
static void plan_much(const struct hk_wire_run *run)
{
    char body[1024];
    struct hk_wire_delivery deliveries[64] = { 0 };
    snprintf(body, sizeof(body), "{\"a\":\"%01000d\"}", 1);
    for (uint32_t i = 0; i < run->endpoint_count && i < COUNT(deliveries); i++)
        deliveries[i] =
            (struct hk_wire_delivery){ .endpoint = i, .has_body = true, .body = hk_slice_of(body) };
    say(&(struct hk_wire_message){ .kind = HK_WIRE_PLANNED,
                                   .planned = { .answer = { .run = run->run },
                                                .deliveries = deliveries,
                                                .delivery_count = run->endpoint_count } });
}

/** A header too many, or (with two endpoints) one that stands twice. */
static void plan_headers(const struct hk_wire_run *run)
{
    char names[HK_POLICY_HEADERS_MAX + 1][8];
    struct hk_slice headers[2 * (HK_POLICY_HEADERS_MAX + 1)];
    for (size_t i = 0; i <= HK_POLICY_HEADERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "X-%u", (unsigned)i);
        headers[2 * i] = hk_slice_of(names[i]);
        headers[2 * i + 1] = HK_SLICE("1");
    }
    struct hk_wire_delivery first = { .headers = headers,
                                      .header_count = HK_POLICY_HEADERS_MAX + 1 };
    if (run->endpoint_count > 1) {
        first.header_count = 2;
        headers[2] = HK_SLICE("x-0");
    }
    plan(run, &first, (struct hk_wire_planned){ 0 });
}

/** Plans as asked; false when the word is no plan. */
static bool plan_as(const char *does, const struct hk_wire_run *run)
{
    static const struct hk_slice header[] = { { "X-Own", 5 }, { "yes", 3 } };
    static const struct hk_wire_log logs[] = { { HK_LOG_WARN, { "first", 5 } },
                                               { HK_LOG_INFO, { "second\n", 7 } } };
    const struct hk_wire_delivery own = {
        .has_body = true, .body = HK_SLICE("{\"own\":0.10}"), .headers = header, .header_count = 1
    };
    const struct hk_wire_delivery skipped = { .reason = HK_REASON_SKIPPED_BY_POLICY,
                                              .why = HK_SLICE("small") };
    struct hk_wire_planned planned = { 0 };
    if (strcmp(does, "plan") == 0) {
        plan(run, NULL, planned);
    } else if (strcmp(does, "own") == 0) {
        plan(run, &own, planned);
    } else if (strcmp(does, "skip") == 0) {
        plan(run, &skipped, planned);
    } else if (strcmp(does, "logs") == 0) {
        planned.answer.logs = logs;
        planned.answer.log_count = COUNT(logs);
        plan(run, NULL, planned);
    } else if (strcmp(does, "bad_place") == 0) {
        plan(run, &(struct hk_wire_delivery){ .endpoint = run->endpoint_count }, planned);
    } else if (strcmp(does, "bad_twice") == 0) {
        plan(run, &(struct hk_wire_delivery){ .endpoint = run->endpoint_count - 1 }, planned);
    } else if (strcmp(does, "bad_much") == 0) {
        plan_much(run);
    } else if (strcmp(does, "burn") == 0) {
        burn(30);
        plan(run, NULL, planned);
    } else if (strcmp(does, "bad_drop") == 0) {
        planned.reason = HK_REASON_NO_ENDPOINT;
        plan(run, NULL, planned);
    } else if (strcmp(does, "bad_headers") == 0) {
        plan_headers(run);
    } else if (strcmp(does, "filter") == 0) {
        struct hk_wire_run none = *run;
        none.endpoint_count = 0;
        planned.reason = HK_REASON_FILTERED;
        planned.why = HK_SLICE("why");
        plan(&none, NULL, planned);
    } else {
        return plan_badly(does, run);
    }
    return true;
}

/** Never comes back. */
static void end_as(const char *does)
{
    volatile unsigned spins = 0;
    while (strcmp(does, "hang") == 0)
        spins++;
    while (strcmp(does, "sleep") == 0)
        (void)pause();
    // A sanitizer's handlers would make an exit status of them.
    const struct sigaction plain = { .sa_handler = SIG_DFL };
    (void)sigaction(SIGABRT, &plain, NULL);
    (void)sigaction(SIGSYS, &plain, NULL);
    if (strcmp(does, "abort") == 0)
        (void)raise(SIGABRT);
    if (strcmp(does, "sigsys") == 0)
        (void)raise(SIGSYS);
    if (strcmp(does, "half") == 0)
        say_bytes(HK_SLICE("\x40\x00\x00\x00half"));
    _exit(3);
}

static void decide(const struct hk_wire_run *run, int64_t delay_ms)
{
    say(&(struct hk_wire_message){
        .kind = HK_WIRE_DECIDED,
        .decided = { .answer = { .run = run->run, .cost = { 9, 9000 } },
                     .verdict = HK_RETRY_AFTER_DELAY,
                     .delay_ms = delay_ms },
    });
}

/** Says a plan with one wrong bit: another one for each run. */
static void plan_flipped(const struct hk_wire_run *run)
{
    static const struct hk_slice header[] = { { "X-Own", 5 }, { "yes", 3 } };
    const struct hk_wire_delivery delivery = { .why = HK_SLICE("why"),
                                               .has_body = true,
                                               .body = HK_SLICE("{\"own\":0.10}"),
                                               .headers = header,
                                               .header_count = 1 };
    struct hk_bytes frame = { 0 };
    const struct hk_wire_message message = {
        .kind = HK_WIRE_PLANNED,
        .planned = { .answer = { .run = run->run }, .deliveries = &delivery, .delivery_count = 1 },
    };
    if (hk_wire_encode(&message, &frame) != 0)
        _exit(8);
    size_t bit = (size_t)(run->run * 37 % (frame.size * 8));
    frame.at[bit / 8] ^= (char)(1 << bit % 8);
    say_bytes(hk_bytes_slice(&frame));
    hk_bytes_fini(&frame);
}

static void carry_out(const char *does, const struct hk_wire_run *run)
{
    char text[64];
    if (plan_as(does, run))
        return;
    if (strcmp(does, "delay") == 0 || strcmp(does, "decide") == 0) {
        decide(run, 5000);
    } else if (strcmp(does, "bad_delay") == 0) {
        decide(run, -1);
    } else if (strcmp(does, "flip") == 0) {
        plan_flipped(run);
    } else if (strcmp(does, "fail") == 0) {
        say_failed(run->run, HK_POLICY_ERROR, "plain.lua:1: no");
    } else if (strcmp(does, "who") == 0) {
        snprintf(text, sizeof(text), "%d %u", (int)getpid(), count_scripts());
        say_failed(run->run, HK_POLICY_ERROR, text);
    } else if (strcmp(does, "stranger") == 0) {
        say_failed(run->run + 1000000, HK_POLICY_ERROR, "not mine");
    } else if (strcmp(does, "twice") == 0) {
        say_failed(run->run, HK_POLICY_ERROR, "once");
        say_failed(run->run, HK_POLICY_ERROR, "twice");
    } else if (strcmp(does, "ready") == 0) {
        say_kind(HK_WIRE_READY);
    } else if (strcmp(does, "garbage") == 0) {
        say_bytes(HK_SLICE("\x03\x00\x00\x00\x93\x01\x02"));
    } else if (strcmp(does, "huge") == 0) {
        say_bytes(HK_SLICE("\xFF\xFF\xFF\xFF\x01\x02\x03"));
    } else {
        end_as(does);
    }
}

/** The words that `obey` knows, the longer before those that they hold. */
static const char *obeyed(struct hk_slice order)
{
    static const char *const words[] = { "bad_much", "hang",  "sleep",   "abort", "sigsys",
                                         "exit",     "half",  "garbage", "huge",  "stranger",
                                         "twice",    "ready", "decide",  "fail",  "who",
                                         "filter",   "own",   "burn",    "delay" };
    for (size_t i = 0; i < COUNT(words); i++) {
        if (memmem(order.at, order.size, words[i], strlen(words[i])) != NULL)
            return words[i];
    }
    return "plan";
}

static void run_script(const struct hk_wire_message *message)
{
    const struct hk_wire_run *run = &message->run;
    const struct script *script = find(run->script);
    if (script == NULL) {
        say_failed(run->run, HK_POLICY_UNAVAILABLE, "the worker was not told the script");
        return;
    }
    bool is_plan = message->kind == HK_WIRE_PLAN;
    bool obeys = strcmp(script->does, "obey") == 0;
    carry_out(obeys ? obeyed(is_plan ? run->body : run->attempt.event_type) : script->does, run);
}

/** Loads nothing: a script whose text holds "no" does not load. */
static void check_script(const struct hk_wire_check *check)
{
    const struct script *script = find(check->script);
    struct hk_slice fault = HK_SLICE_EMPTY;
    if (script == NULL)
        fault = HK_SLICE("no such script");
    else if (strstr(script->does, "no") != NULL)
        fault = HK_SLICE("x.lua:1: no");
    say(&(struct hk_wire_message){ .kind = HK_WIRE_CHECKED,
                                   .checked = { .run = check->run, .fault = fault } });
}

/** Says what it was given: descriptors with what can be read of them, environment, signals. */
static void report(const struct hk_wire_setup *setup)
{
    struct hk_bytes text = { 0 };
    struct sigaction action;
    sigset_t blocked;
    int held = 0, variables = 0;
    bool is_fine = true;
    for (int fd = 0; fd < 1024; fd++) {
        char content[16] = "";
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        if (fd > 2)
            is_fine &= pread(fd, content, sizeof(content) - 1, 0) >= 0;
        is_fine &= hk_bytes_append_format(&text, "%d=%s ", fd, content) == 0;
    }
    for (uint32_t i = 0; i < setup->table_count; i++)
        is_fine &=
            hk_bytes_append_format(&text, "%.*s:%u ", (int)setup->table_names[i].size,
                                   setup->table_names[i].at, (unsigned)setup->table_fds[i]) == 0;
    (void)sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int number = 1; number < NSIG; number++) {
        held += sigismember(&blocked, number) == 1;
        held += sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
    while (environ[variables] != NULL)
        variables++;
    is_fine &= hk_bytes_append_format(&text, "held %d variables %d", held, variables) == 0;
    say_failed(0, HK_POLICY_ERROR, is_fine ? text.at : "unfit");
    hk_bytes_fini(&text);
    _exit(0);
}

static void begin(const struct hk_wire_setup *setup)
{
    if (setup->plan_bytes_max == 4)
        report(setup);
    if (setup->plan_bytes_max == 1)
        _exit(4);
    while (setup->plan_bytes_max == 2)
        (void)pause();
    say_kind(setup->plan_bytes_max == 3 ? HK_WIRE_CHECKED : HK_WIRE_READY);
}

static void hear(const struct hk_wire_message *message)
{
    struct script *script;
    switch (message->kind) {
    case HK_WIRE_SETUP:
        begin(&message->setup);
        return;
    case HK_WIRE_SCRIPT:
        add(&message->script);
        return;
    case HK_WIRE_DROP:
        script = find(message->drop);
        if (script == NULL)
            _exit(6);
        script->is_there = false;
        return;
    case HK_WIRE_CHECK:
        check_script(&message->check);
        return;
    case HK_WIRE_PLAN:
    case HK_WIRE_RETRY:
        run_script(message);
        return;
    default:
        _exit(5);
    }
}

void support_worker_main(char **arguments)
{
    struct hk_bytes heard = { 0 };
    struct hk_wire_scratch scratch = { 0 };
    if (strcmp(arguments[0], "hookd-policy") != 0)
        return;
    for (;;) {
        struct hk_wire_message message;
        size_t size;
        while (hk_wire_frame(hk_bytes_slice(&heard), &size) == 0 && size > 0) {
            if (hk_wire_decode((struct hk_slice){ heard.at, size }, &scratch, &message) != 0)
                _exit(2);
            hear(&message);
            heard.size -= size;
            memmove(heard.at, heard.at + size, heard.size);
        }
        if (hk_bytes_reserve(&heard, 65536) != 0)
            _exit(1);
        ssize_t got = read(STDIN_FILENO, heard.at + heard.size, 65536);
        if (got <= 0)
            _exit(0);
        heard.size += (size_t)got;
    }
}

const char *support_worker_path(void)
{
    static char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[size > 0 ? size : 0] = '\0';
    return path;
}
