// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEEP = 200000, KEEP_BYTES = 512 * 1024 * 1024 };

static const char usage[] =
    "usage: sinker [options]\n"
    "A webhook receiver that keeps what it gets and misbehaves on request.\n"
    "Prints one line of JSON with its ports when it is ready; SIGTERM ends it.\n"
    "\n"
    "  --http ADDR:PORT       receive plain HTTP (default 127.0.0.1:0 when --https is not given)\n"
    "  --https ADDR:PORT      receive HTTPS; port 0 is any free port\n"
    "  --control ADDR:PORT    control port (default 127.0.0.1:0)\n"
    "  --cert FILE --key FILE certificate chain and key for --https, PEM\n"
    "  --self-signed NAMES    names and addresses of a certificate made at start\n"
    "                         (default localhost,127.0.0.1,::1)\n"
    "  --ca-out FILE          write the CA of the certificates made at start\n"
    "  --keep N               requests to keep (default 200000)\n"
    "  --keep-bytes N         bytes of requests to keep (default 512 MiB)\n"
    "  --bench                keep no request, measure \"t_us\" of bodies\n"
    "  --ids                  with --bench: count X-Webhook-Id all the same\n"
    "  --until-stdin-closes   end when standard input ends\n"
    "  --quiet                no line on stderr for each request\n";

enum option_id {
    OPTION_HTTP = 256,
    OPTION_HTTPS,
    OPTION_CONTROL,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_SELF_SIGNED,
    OPTION_CA_OUT,
    OPTION_KEEP,
    OPTION_KEEP_BYTES,
    OPTION_BENCH,
    OPTION_IDS,
    OPTION_UNTIL_STDIN_CLOSES,
    OPTION_QUIET,
    OPTION_HELP
};

static const struct option options[] = {
    { "http", required_argument, NULL, OPTION_HTTP },
    { "https", required_argument, NULL, OPTION_HTTPS },
    { "control", required_argument, NULL, OPTION_CONTROL },
    { "cert", required_argument, NULL, OPTION_CERT },
    { "key", required_argument, NULL, OPTION_KEY },
    { "self-signed", required_argument, NULL, OPTION_SELF_SIGNED },
    { "ca-out", required_argument, NULL, OPTION_CA_OUT },
    { "keep", required_argument, NULL, OPTION_KEEP },
    { "keep-bytes", required_argument, NULL, OPTION_KEEP_BYTES },
    { "bench", no_argument, NULL, OPTION_BENCH },
    { "ids", no_argument, NULL, OPTION_IDS },
    { "until-stdin-closes", no_argument, NULL, OPTION_UNTIL_STDIN_CLOSES },
    { "quiet", no_argument, NULL, OPTION_QUIET },
    { "help", no_argument, NULL, OPTION_HELP },
    { 0 },
};

static bool parse_size(const char *text, size_t *size)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *size = (size_t)number;
    return end != text && *end == 0 && errno == 0 && text[0] != '-' && number > 0 &&
           number <= (uint64_t)1 << 40;
}

static bool set_option(struct hk_settings *settings, int option, const char *value)
{
    switch (option) {
    case OPTION_HTTP:
        settings->http = value;
        return true;
    case OPTION_HTTPS:
        settings->https = value;
        return true;
    case OPTION_CONTROL:
        settings->control = value;
        return true;
    case OPTION_CERT:
        settings->cert_file = value;
        return true;
    case OPTION_KEY:
        settings->key_file = value;
        return true;
    case OPTION_SELF_SIGNED:
        settings->names = value;
        return true;
    case OPTION_CA_OUT:
        settings->ca_file = value;
        return true;
    case OPTION_KEEP:
        return parse_size(value, &settings->keep);
    case OPTION_KEEP_BYTES:
        return parse_size(value, &settings->keep_bytes);
    case OPTION_BENCH:
        settings->is_bench = true;
        return true;
    case OPTION_IDS:
        settings->counts_ids = true;
        return true;
    case OPTION_UNTIL_STDIN_CLOSES:
        settings->ends_with_stdin = true;
        return true;
    case OPTION_QUIET:
        settings->is_quiet = true;
        return true;
    default:
        return false;
    }
}

int hk_settings_parse(struct hk_settings *settings, int argc, char **argv)
{
    *settings = (struct hk_settings){ .control = "127.0.0.1:0",
                                      .names = "localhost,127.0.0.1,::1",
                                      .keep = KEEP,
                                      .keep_bytes = KEEP_BYTES };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(usage, stdout);
            return 1;
        }
        if (!set_option(settings, option, optarg)) {
            fprintf(stderr, "sinker: bad usage; try --help\n");
            return -1;
        }
    }
    if (optind < argc || (settings->cert_file == NULL) != (settings->key_file == NULL)) {
        fprintf(stderr, "sinker: %s; try --help\n",
                optind < argc ? "takes no arguments" : "--cert and --key go together");
        return -1;
    }
    if (settings->http == NULL && settings->https == NULL) {
        settings->http = "127.0.0.1:0";
    }
    if (!settings->is_bench) {
        settings->counts_ids = true;
    }
    return 0;
}
