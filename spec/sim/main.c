// SPDX-License-Identifier: Apache-2.0
/* hookd-sim: runs seeds until one breaks a promise, and says how to see it again. */
#include "base/log.h"
#include "checker.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    uint64_t seed_first;
    uint64_t seed_count;
    struct sim_setup setup;
};

static const char usage[] =
    "usage: hookd-sim [--seed N | --seeds COUNT] [--from N] [--events N] [--mutant NAME]\n"
    "  --seed N      one seed, and say what happens\n"
    "  --seeds N     that many seeds (default 100)\n"
    "  --from N      the first of them (default 1)\n"
    "  --events N    events a seed, 1 to 9000 (default 400)\n"
    "  --mutant M    early-appended, twice, replan or payload: break the world; then a broken\n"
    "                promise is the right end, and none is the wrong one\n";

static bool number_parse(const char *text, uint64_t *number)
{
    return text && hk_slice_parse_u64(hk_slice_of(text), UINT64_MAX, number) == 0;
}

static bool mutant_parse(const char *text, enum sim_mutant *mutant)
{
    static const char *const names[] = { "", "early-appended", "twice", "replan", "payload" };
    for (size_t i = 1; text && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *mutant = (enum sim_mutant)i;
        return true;
    }
    return false;
}

static bool option_parse(struct options *options, const char *name, const char *value)
{
    uint64_t number = 0;
    if (strcmp(name, "--mutant") == 0)
        return mutant_parse(value, &options->setup.mutant);
    if (!number_parse(value, &number))
        return false;
    if (strcmp(name, "--seed") == 0) {
        options->seed_first = number;
        options->seed_count = 1;
        options->setup.is_loud = true;
    } else if (strcmp(name, "--seeds") == 0) {
        options->seed_count = number;
    } else if (strcmp(name, "--from") == 0) {
        options->seed_first = number;
    } else if (strcmp(name, "--events") == 0 && number >= 1 && number <= SIM_EVENTS_MAX) {
        options->setup.event_count = (uint32_t)number;
    } else {
        return false;
    }
    return true;
}

static bool options_parse(struct options *options, int count, char **words)
{
    for (int i = 1; i < count; i += 2)
        if (!option_parse(options, words[i], i + 1 < count ? words[i + 1] : NULL))
            return false;
    return true;
}

static void sum_add(struct sim_report *sum, const struct sim_report *report)
{
    sum->acked += report->acked;
    sum->attempts += report->attempts;
    sum->delivered += report->delivered;
    sum->dead += report->dead;
    sum->dropped += report->dropped;
    sum->duplicates += report->duplicates;
    sum->crashes += report->crashes;
    sum->stops += report->stops;
    sum->asked += report->asked;
    sum->held += report->held;
    sum->decided += report->decided;
    sum->reloads += report->reloads;
    sum->virtual_ms += report->virtual_ms;
    sum->digest ^= report->digest;
}

static void sum_print_policies(const struct sim_report *sum)
{
    printf("policies: %llu runs, %llu failed, %llu plans, %llu reloads\n",
           (unsigned long long)sum->asked, (unsigned long long)sum->held,
           (unsigned long long)sum->decided, (unsigned long long)sum->reloads);
}

static void sum_print(uint64_t seeds, const struct sim_report *sum)
{
    printf("%llu seeds: %llu events acknowledged, %llu attempts, %llu delivered, %llu dead, "
           "%llu dropped, %llu duplicates, %llu crashes, %llu stops, %lld virtual hours, "
           "digest %016llx\n",
           (unsigned long long)seeds, (unsigned long long)sum->acked,
           (unsigned long long)sum->attempts, (unsigned long long)sum->delivered,
           (unsigned long long)sum->dead, (unsigned long long)sum->dropped,
           (unsigned long long)sum->duplicates, (unsigned long long)sum->crashes,
           (unsigned long long)sum->stops, (long long)(sum->virtual_ms / 3600000),
           (unsigned long long)sum->digest);
}

int main(int count, char **words)
{
    struct options options = { 1, 100, { .event_count = 400 } };
    struct sim_report sum = { 0 };
    if (!options_parse(&options, count, words)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    bool wants_failure = options.setup.mutant != SIM_MUTANT_NONE;
    hk_log_configure(options.setup.is_loud ? HK_LOG_INFO : HK_LOG_ERROR, HK_LOG_LOGFMT);
    for (uint64_t i = 0; i < options.seed_count; i++) {
        struct sim_report report;
        options.setup.seed = options.seed_first + i;
        sim_run(&options.setup, &report);
        sum_add(&sum, &report);
        if (!report.failure[0])
            continue;
        printf("seed %llu: %s\n", (unsigned long long)options.setup.seed, report.failure);
        printf("again: hookd-sim --seed %llu --events %u\n", (unsigned long long)options.setup.seed,
               options.setup.event_count);
        return wants_failure ? 0 : 1;
    }
    sum_print_policies(&sum);
    sum_print(options.seed_count, &sum);
    return wants_failure ? 1 : 0;
}
